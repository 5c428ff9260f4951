"""Countries of the payments world: how often each occurs, what it pays in, and which names it has."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A country: ISO 3166-1 alpha-2 code, share among merchants (relative), currency, name family."""

    code: str
    weight: float
    currency: str
    names: str


PLACES: Final = tuple(
    Place(code, weight, currency, names)
    for code, weight, currency, names in (
        ("US", 14, "USD", "english"),
        ("DE", 10, "EUR", "german"),
        ("GB", 9, "GBP", "english"),
        ("FR", 9, "EUR", "french"),
        ("ES", 6, "EUR", "spanish"),
        ("IT", 6, "EUR", "italian"),
        ("JP", 5, "JPY", "japanese"),
        ("NL", 4, "EUR", "dutch"),
        ("IN", 4, "INR", "indian"),
        ("PL", 3, "PLN", "slavic"),
        ("CA", 3, "CAD", "english"),
        ("AU", 3, "AUD", "english"),
        ("BR", 3, "BRL", "portuguese"),
        ("IE", 2, "EUR", "english"),
        ("AT", 2, "EUR", "german"),
        ("BE", 2, "EUR", "dutch"),
        ("PT", 2, "EUR", "portuguese"),
        ("CH", 2, "CHF", "german"),
        ("SE", 2, "SEK", "nordic"),
        ("KR", 2, "KRW", "korean"),
        ("CN", 2, "CNY", "chinese"),
        ("MX", 2, "MXN", "spanish"),
        ("FI", 1.5, "EUR", "nordic"),
        ("NO", 1.5, "NOK", "nordic"),
        ("DK", 1.5, "DKK", "nordic"),
        ("CZ", 1.5, "CZK", "slavic"),
        ("TR", 1.5, "TRY", "turkish"),
        ("HK", 1.5, "HKD", "chinese"),
        ("SG", 1.5, "SGD", "chinese"),
        ("ID", 1.5, "IDR", "malay"),
        ("GR", 1, "EUR", "greek"),
        ("HU", 1, "HUF", "slavic"),
        ("RO", 1, "RON", "slavic"),
        ("NZ", 1, "NZD", "english"),
        ("MY", 1, "MYR", "malay"),
        ("TH", 1, "THB", "malay"),
        ("PH", 1, "PHP", "spanish"),
        ("ZA", 1, "ZAR", "english"),
        ("IL", 0.8, "ILS", "arabic"),
        ("VN", 0.8, "VND", "chinese"),
        ("AE", 0.8, "AED", "arabic"),
        ("CL", 0.7, "CLP", "spanish"),
        ("SA", 0.7, "SAR", "arabic"),
        ("KW", 0.4, "KWD", "arabic"),
        ("IS", 0.3, "ISK", "nordic"),
        ("BH", 0.3, "BHD", "arabic"),
        ("JO", 0.3, "JOD", "arabic"),
        ("TN", 0.3, "TND", "arabic"),
    )
)
