"""Strikes personal data out of free text: e-mail addresses, telephone numbers, numbers of payment cards, IBANs.

Names of people stay, and so do IP addresses, ids, times, digests and amounts: without them nothing could be investigated. A number is
struck only where its form and its check digits say what it is.
"""

from __future__ import annotations

import re

EMAIL = "[email]"
PHONE = "[phone]"
CARD = "[card]"
IBAN = "[iban]"

_AT = re.compile(r"@|%40")
_LOCAL = re.compile(r"[\w.+'-]{1,64}(?![\w.+'-])")
"""Of the text before an @, read backwards."""
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_NOT_PEOPLE = (".local", ".internal", ".svc", ".gserviceaccount.com")
"""Ends of domains that name machines."""
_MACHINES = frozenset({"git", "root", "ubuntu", "ec2-user", "hg", "svn"})

_INTERNATIONAL = re.compile(
    r"\+(?<![\w+.]\+)[1-9](?:[ .()-]{0,2}\d){6,14}(?![\w%]|[.,]\d| ?(?:[KMGT]i?)?B\b| ?bytes)"
)
_LAST_FOUR = re.compile(r"-(?<=\d{3}-)\d{4}(?![\w-])")
"""What every such number ends with: quick to search for, as is what begins with a character rather than what stands before it."""
_NATIONAL = re.compile(r"(?<![\w.+/-])(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\w-])")
_CARD = re.compile(
    r"[2-6](?<![\w.+-][2-6])(?:\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}|(?<=3)[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w-]|\.\d)"
)
_ID = re.compile(
    r"(?i)(?:trace|span|parent|request|message|event|offset|monitor)[\w.-]{0,16}[\"']?\s?[=:]\s?[\"']?$"
)
"""What stands before a number that is an id."""
_NEAR = 40
_IBAN = re.compile(
    r"[A-Z](?<![\w-][A-Z])[A-Z]\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])"
)
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL", "FO", "GL"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
}
"""Characters of an IBAN, by country (ISO 13616)."""


def redact_personal(text: str) -> str:
    """The text with e-mail addresses, telephone numbers, card numbers and IBANs replaced by what they were: ``[email]``."""
    if "@" in text or "%40" in text:
        text = _without_addresses(text)
    text = _IBAN.sub(_iban, text)
    text = _CARD.sub(_card, text)
    if "+" in text:
        text = _INTERNATIONAL.sub(_international, text)
    return _NATIONAL.sub(_national, text) if _LAST_FOUR.search(text) else text


def is_address(text: str) -> bool:
    """Whether the text is an e-mail address and nothing else."""
    return _without_addresses(text) == EMAIL


def _without_addresses(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for at in _AT.finditer(text):
        before = text[max(done, at.start() - 65) : at.start()]
        local = _LOCAL.match(before[::-1])
        domain = _DOMAIN.match(text, at.end())
        if local is None or domain is None:
            continue
        start = at.start() - local.end()
        if not _of_a_person(text[start : at.start()], domain[0], text[max(0, start - 3) : start]):
            continue
        pieces += [text[done:start], EMAIL]
        done = domain.end()
    return "".join([*pieces, text[done:]])


def _of_a_person(local: str, domain: str, before: str) -> bool:
    if before.endswith(("://", ":", "]")) and "://" in before[-3:]:
        return False  # who logs in at a URL
    return local not in _MACHINES and not domain.lower().endswith(_NOT_PEOPLE)


def _iban(match: re.Match[str]) -> str:
    whole = match[0]
    end = _end_of(whole, _IBAN_LENGTHS.get(whole[:2], 0))
    number = whole[:end].replace(" ", "")
    if not end or whole[end : end + 1] not in {"", " "}:
        return whole
    digits = "".join(str(int(c, 36)) for c in number[4:] + number[:4])
    return IBAN + whole[end:] if int(digits) % 97 == 1 else whole


def _end_of(text: str, characters: int) -> int:
    """Where so many characters besides spaces end; 0 where the text is shorter."""
    places = [place for place, c in enumerate(text, 1) if c != " "]
    return places[characters - 1] if 0 < characters <= len(places) else 0


def _card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c.isdigit()]
    if not _is_issued("".join(map(str, digits))) or not _luhn(digits):
        return match[0]
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return match[0] if _ID.search(before) or _in_a_row(match) else CARD


def _in_a_row(match: re.Match[str]) -> bool:
    """Whether it is a piece of a longer row of numbers, as tables have them."""
    text, (start, end) = match.string, match.span()
    if " " not in match[0]:
        return False
    return text[max(0, start - 2) : start - 1].isdigit() or text[end + 1 : end + 2].isdigit()


def _is_issued(number: str) -> bool:
    """Whether an issuer gives out such numbers: Visa, Mastercard, American Express, Discover, JCB, UnionPay."""
    if len(number) == 15:
        return number[:2] in {"34", "37"}
    first = int(number[:4])
    return (
        number[0] == "4"
        or 5100 <= first <= 5599
        or 2221 <= first <= 2720
        or first == 6011
        or 6440 <= first <= 6599
        or 3528 <= first <= 3589
        or 6200 <= first <= 6299
    )


def _luhn(digits: list[int]) -> bool:
    doubled = [
        d if place % 2 == 0 else sum(divmod(2 * d, 10)) for place, d in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0


def _international(match: re.Match[str]) -> str:
    return PHONE if _is_phone(match[0], None) else match[0]


def _national(match: re.Match[str]) -> str:
    return PHONE if _is_phone(match[0], "US") else match[0]


def _is_phone(text: str, region: str | None) -> bool:
    import phonenumbers  # here, since its tables take a tenth of a second to load

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False
