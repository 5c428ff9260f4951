"""Made-up merchant names: a family name or place of the region, what the merchant does, sometimes a legal form."""

from random import Random
from typing import Final

_WORDS: Final[dict[str, str]] = {
    "english": "Harper Whitfield Ashdown Carter Brook Redwood Kingsley Oakham Lakeview Summit Marlow Fenwick",
    "german": "Schneider Müller Großmann Lindenhof Bergmann Köhler Weiß Vogel Rheintal Krüger Jäger Hanse",
    "french": "Lefèvre Dubois Moulin Fontaine Beaumont Girard Châtelet Rivière Clément Perrin Mercier Étoile",
    "spanish": "García Núñez Castillo Molina Peña Ibáñez Rosales Vega Alameda Cordillera Montoya Duarte",
    "italian": "Rossi Ferrari Bellini Conti Gallo Fontana Riva Santoro Marchetti Lombardi Giardino Perù",
    "portuguese": "Conceição Almeida Araújo Ribeiro Gonçalves Ipanema Moreira Simões Teixeira Lapa Brandão Sintra",
    "dutch": "De Vries|Van Dijk|Jansen|Visser|Brouwer|Molenaar|Kuipers|De Wit|Zeeland|Vermeulen|Bakker|Dam",
    "nordic": "Lindström Åkerman Sørensen Nygård Virtanen Björk Holm Østergaard Fjord Dahl Mäkelä Þórsson",
    "slavic": "Kowalski Nowak Dvořák Černý Wiśniewski Horváth Ionescu Popescu Zieliński Novák Szabó Łukasik",
    "greek": "Papadakis Nikolaou Aegean Delphi Kostas Ioannou Meltemi Olympos Stavrou Kyklades Petrou Argo",
    "turkish": "Yılmaz Çelik Şahin Öztürk Bosphorus Anadolu Kaya Güneş Doğan Ege Aydın Toprak",
    "arabic": "Al-Noor Al-Rashid Cedar Haddad Mansour Oasis Najjar Palm Zaytuna Qasr Jasmine Karam",
    "indian": "Sharma Patel Lotus Iyer Ganga Kapoor Banyan Reddy Malabar Mehta Shanti Deccan",
    "japanese": "Sakura Yamamoto 鈴木 Tanaka Fuji Hayashi 桜井 Kobayashi Midori Ito Aoyama 東屋",
    "korean": "Hanok Kim Park Mugunghwa Lee Namsan Choi Haneul Jung Seorak Kang Dami",
    "chinese": "Golden Dragon|Wong|Chen|Jade|Lotus Garden|Nguyen|Tan|Harbour|Red Lantern|Lim|Pearl|Phoenix",
    "malay": "Merdeka Wijaya Santoso Melati Bintang Suwan Chai Kelapa Rajah Laut Andaman Siam",
}
_LEGAL: Final[dict[str, str]] = {
    "US": "Inc. LLC", "GB": "Ltd PLC", "DE": "GmbH KG", "FR": "SARL SAS", "ES": "S.L. S.A.", "IT": "S.r.l. S.p.A.",
    "JP": "K.K.", "NL": "B.V.", "IN": "Pvt.", "PL": "S.A.", "CA": "Inc.", "AU": "Pty", "BR": "Ltda.", "IE": "Ltd",
    "AT": "GmbH", "CH": "AG", "SE": "AB", "FI": "Oy", "NO": "AS", "DK": "ApS", "TR": "A.Ş.", "CZ": "s.r.o.",
}  # fmt: skip

_LISTS: Final = {family: words.split("|") if "|" in words else words.split() for family, words in _WORDS.items()}
_FORMS: Final = {country: forms.split() for country, forms in _LEGAL.items()}


def merchant_name(rng: Random, family: str, country: str, trade_words: tuple[str, ...]) -> str:
    """A name such as `Köhler Bakery GmbH`, `Harper & Oakham Books`, `Noodle Bar Sakura 7`."""
    words = _LISTS[family]
    first = words[int(rng.random() * len(words))]
    trade = trade_words[int(rng.random() * len(trade_words))]
    shape = rng.random()
    if shape < 0.35:
        name = f"{first} {trade}"
    elif shape < 0.6:
        name = f"{trade} {first} {int(rng.random() * 98) + 1}"
    elif shape < 0.8:
        name = f"{first} & {words[int(rng.random() * len(words))]} {trade}"
    else:
        name = f"{first}'s {trade}"
    forms = _FORMS.get(country)
    return f"{name} {forms[int(rng.random() * len(forms))]}" if forms and rng.random() < 0.4 else name
