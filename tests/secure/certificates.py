"""A certificate authority for one test run: PEM files that Kafka's broker and its clients read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Signed:
    """A certificate and its key as files."""

    certificate: Path
    key: Path
    store: Path
    """Key and chain in one file: a key store as Kafka's broker reads it."""


class Authority:
    """Signs for loopback, for a day."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        built = _certificate(self._name, self._name, self._key, timedelta(days=2)).add_extension(constraints, True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def sign(
        self, name: str, *, host: str = "127.0.0.1", valid_for: timedelta = DAY, password: str | None = None
    ) -> Signed:
        """Make a key and a certificate for `host`; a negative `valid_for` gives one that has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        wanted = _certificate(_named(name), self._name, key, valid_for).add_extension(_alternative(host), False)
        certificate = wanted.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        plain = _pem(key, NoEncryption())
        kept = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        files = Signed(*(self._folder / f"{name}.{kind}.pem" for kind in ("crt", "key", "store")))
        files.certificate.write_bytes(certificate)
        files.key.write_bytes(_pem(key, kept))
        files.store.write_bytes(plain + certificate + self.file.read_bytes())
        return files


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid_for: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is valid by the wall clock
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + valid_for)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.SubjectAlternativeName:
    is_address = host.replace(".", "").isdigit()
    return x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)])


def _pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
