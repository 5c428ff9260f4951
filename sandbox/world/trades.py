"""Trades of the payments world by merchant category code (ISO 18245): how common, what they charge, by which channel.

Codes are checked against the package `iso18245` when the module is loaded. Medians and spreads are plausible, not
measured.
"""

from dataclasses import dataclass
from typing import Final

import iso18245


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade: MCC, share among merchants (relative), log-normal ticket (median in euros, sigma), share by channel."""

    category: str
    weight: float
    median: float
    sigma: float
    channels: tuple[float, float, float, float]
    """Shares of pos, ecom, moto, atm."""
    words: tuple[str, ...]
    """What such a merchant calls itself."""


CHANNELS: Final = ("pos", "ecom", "moto", "atm")
_STREET: Final = (0.9, 0.08, 0.02, 0.0)
_MIXED: Final = (0.55, 0.38, 0.07, 0.0)
_ONLINE: Final = (0.02, 0.95, 0.03, 0.0)
_PHONE: Final = (0.1, 0.3, 0.6, 0.0)
_CASH: Final = (0.0, 0.0, 0.0, 1.0)

TRADES: Final = tuple(
    Trade(*row)
    for row in (
        ("5411", 12, 24, 0.8, _STREET, ("Market", "Grocery", "Foods", "Supermarket")),
        ("5812", 11, 38, 0.6, _STREET, ("Restaurant", "Kitchen", "Bistro", "Grill")),
        ("5814", 9, 11, 0.5, _STREET, ("Burger", "Noodle Bar", "Snack", "Pizza")),
        ("5541", 5, 48, 0.5, _STREET, ("Fuel", "Service Station", "Petrol")),
        ("5462", 4, 7, 0.5, _STREET, ("Bakery", "Patisserie", "Bread")),
        ("5813", 3, 19, 0.6, _STREET, ("Bar", "Wine Bar", "Pub")),
        ("5912", 4, 17, 0.7, _STREET, ("Pharmacy", "Drugstore")),
        ("5651", 5, 55, 0.7, _MIXED, ("Fashion", "Clothing", "Outfitters")),
        ("5661", 2, 72, 0.5, _MIXED, ("Shoes", "Footwear")),
        ("5732", 3, 140, 1.0, _MIXED, ("Electronics", "Audio", "Phones")),
        ("5722", 1, 260, 0.8, _MIXED, ("Appliances", "Home Electric")),
        ("5712", 2, 310, 0.9, _MIXED, ("Furniture", "Interiors")),
        ("5200", 2, 62, 0.9, _STREET, ("DIY", "Hardware", "Building Supply")),
        ("5942", 2, 21, 0.6, _MIXED, ("Books", "Bookshop")),
        ("5945", 2, 29, 0.7, _MIXED, ("Toys", "Games", "Hobby")),
        ("5992", 1, 34, 0.5, _MIXED, ("Flowers", "Florist")),
        ("5311", 3, 45, 0.8, _MIXED, ("Department Store", "Galleries")),
        ("5331", 3, 9, 0.6, _STREET, ("Variety", "Bargains")),
        ("5999", 4, 33, 1.0, _MIXED, ("Gifts", "Trading", "Goods")),
        ("5734", 3, 15, 0.8, _ONLINE, ("Software", "Apps", "Cloud")),
        ("4899", 2, 14, 0.3, _ONLINE, ("Stream", "TV", "Media")),
        ("4814", 2, 25, 0.5, _ONLINE, ("Telecom", "Mobile")),
        ("4900", 1, 88, 0.5, _ONLINE, ("Energy", "Water", "Utilities")),
        ("4111", 3, 4, 0.6, _STREET, ("Transit", "Metro", "Ferries")),
        ("4121", 3, 18, 0.6, _MIXED, ("Taxi", "Cabs", "Rides")),
        ("4511", 0.5, 240, 0.8, _ONLINE, ("Airways", "Air")),
        ("7011", 2, 165, 0.7, _MIXED, ("Hotel", "Inn", "Lodge")),
        ("7512", 0.5, 190, 0.6, _MIXED, ("Car Hire", "Rentals")),
        ("7230", 3, 36, 0.5, _STREET, ("Hair", "Barber", "Beauty")),
        ("7832", 1, 22, 0.4, _MIXED, ("Cinema", "Pictures")),
        ("7922", 1, 64, 0.6, _ONLINE, ("Tickets", "Theatre", "Stage")),
        ("7995", 1, 25, 1.1, _ONLINE, ("Betting", "Lottery", "Games")),
        ("7997", 1, 42, 0.4, _MIXED, ("Fitness", "Sports Club")),
        ("8011", 1, 70, 0.7, _STREET, ("Clinic", "Medical Practice")),
        ("8021", 1, 95, 0.7, _STREET, ("Dental", "Orthodontics")),
        ("8299", 1, 120, 0.8, _ONLINE, ("Academy", "Courses")),
        ("8398", 0.5, 30, 0.8, _ONLINE, ("Foundation", "Relief")),
        ("6300", 0.5, 110, 0.6, _PHONE, ("Insurance", "Mutual")),
        ("5967", 0.5, 27, 0.6, _PHONE, ("Direct", "Telesales")),
        ("6011", 1.5, 80, 0.6, _CASH, ("Cash Machine", "ATM")),
    )
)

CASH_CATEGORY: Final = "6011"

for _trade in TRADES:
    iso18245.get_mcc(_trade.category)  # raises MCCNotFound for a code the standard does not have
