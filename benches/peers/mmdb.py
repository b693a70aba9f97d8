"""A location database that all servers read: countries and continents in the form of GeoIP2.

It has the networks of the shipped geoip/country.mmdb, whose search tree is kept; only the data that its leaves point to
is written anew. The format: https://maxmind.github.io/MaxMind-DB/
"""

CONTINENTS = {
    "EU": "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME "
    "MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    "NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC "
    "TT US VC VG VI",
    "SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
    "OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    "AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA "
    "NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
}
CONTINENT_OF = {country: continent for continent, all in CONTINENTS.items() for country in all.split()}
"""All others are in AS."""

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR_BYTES = 16
INTEGERS = {"node_count": 6, "build_epoch": 9}
"""Those that are uint32 or uint64."""


def write(source, target):
    """Writes the GeoIP2 form of a database whose records are {"country_code": …}."""
    data = source.read_bytes()
    about = read_value(data[data.rindex(MARKER) + len(MARKER) :], 0)[0]
    nodes, node_bytes = about["node_count"], 6
    assert about["record_size"] == 24, "records are not of 3 bytes"
    old = data[nodes * node_bytes + SEPARATOR_BYTES :]
    tree, records, place_of = bytearray(), bytearray(), {}
    for at in range(0, nodes * node_bytes, node_bytes):
        pair = []
        for half in (data[at : at + 3], data[at + 3 : at + 6]):
            record = int.from_bytes(half)
            if record > nodes:
                offset = record - nodes - SEPARATOR_BYTES
                if offset not in place_of:
                    country = read_value(old, offset)[0]["country_code"]
                    place_of[offset] = len(records)
                    records += value(
                        {"continent": {"code": CONTINENT_OF.get(country, "AS")}, "country": {"iso_code": country}}
                    )
                record = nodes + SEPARATOR_BYTES + place_of[offset]
            pair.append(record.to_bytes(4, "big"))
        tree += b"".join(pair)
    about |= {
        "database_type": "GeoLite2-Country",
        "record_size": 32,
        "languages": ["en"],
        "description": {"en": "test"},
    }
    target.write_bytes(tree + bytes(SEPARATOR_BYTES) + records + MARKER + value(about))


def read_value(data, at):
    """A value of the data section, and where the next one begins."""
    head = data[at]
    kind, at = head >> 5, at + 1
    if kind == 1:
        size = head >> 3 & 3
        assert size < 3, "a longer pointer than any here"
        offset = (head & 7) << 8 * (size + 1) | int.from_bytes(data[at : at + size + 1])
        return read_value(data, offset + [0, 2048, 526336][size])[0], at + size + 1
    if kind == 0:
        kind, at = data[at] + 7, at + 1
    length = head & 31
    if length >= 29:
        more = length - 28
        length = {1: 29, 2: 285, 3: 65821}[more] + int.from_bytes(data[at : at + more])
        at += more
    if kind == 7:
        result = {}
        for _ in range(length):
            key, at = read_value(data, at)
            result[key], at = read_value(data, at)
        return result, at
    if kind == 11:
        result = []
        for _ in range(length):
            item, at = read_value(data, at)
            result.append(item)
        return result, at
    raw = data[at : at + length]
    return (raw.decode() if kind == 2 else int.from_bytes(raw)), at + length


def value(thing, integer=5):
    """A value in wire form; its numbers as uint16, or of the kind that is given."""
    match thing:
        case dict():
            pairs = (value(key) + value(item, INTEGERS.get(key, 5)) for key, item in thing.items())
            return control(7, len(thing)) + b"".join(pairs)
        case list():
            return control(11, len(thing)) + b"".join(map(value, thing))
        case str():
            return control(2, len(thing)) + thing.encode()
        case int():
            length = {5: 2, 6: 4, 9: 8}[integer]
            return control(integer, length) + thing.to_bytes(length, "big")
    raise TypeError(thing)


def control(kind, size):
    assert size < 29, "a longer value than any here"
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
