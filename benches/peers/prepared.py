"""What an engineer would do before giving users and rules to an engine that is not made for this.

Users: each text is brought to lower case once. A column with few different values becomes codes in the
order of the values, 0 for a missing one. Lists of texts become one text, plans become bits of whole
numbers, dates become microseconds.

Rules: what a condition asks of a column of codes is settled on its distinct values, so that numbers are
compared instead of texts. A tree becomes a tree of

    ("and", ...) ("or", ...) ("not", x) ("never",) ("codes", column, (code, ...))
    ("text", column, "eq" | "in" | "starts" | "ends" | "contains" | "match", value)
    ("date", column, least, most)       ("bits", column, mask)
"""

import re
from datetime import datetime, timezone

import numpy
import pyarrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet

CODES_MAX = 65_535
NO_DATE = -(1 << 63)
BORDER = "\n"           # between the texts of a list; stands in none of them
# Its lower case is two characters, or an ordinary i; in rules it is a letter of its own.
DOTTED_I, DOTTED_I_STAND_IN = "\u0130", "\ue130"


def columns_of(tree, found):
    if tree[0] in ("and", "or", "not"):
        for part in tree[1:]:
            columns_of(part, found)
    else:
        found.add("assignedPlans" if tree[0] == "plan" else tree[1])
    return found


class Users:
    """The columns of users that `trees` read: `table` is an Arrow table of codes, texts and bits."""

    def __init__(self, path, trees):
        names = set()
        for tree in trees:
            columns_of(tree, names)
        self.values = {}
        columns = {}
        read = parquet.read_table(path, columns=sorted(names))
        self.rows = read.num_rows
        for name in read.column_names:
            column = read[name].combine_chunks()
            kind = column.type
            if pyarrow.types.is_boolean(kind):
                codes = compute.add(column.cast(pyarrow.uint8()), pyarrow.scalar(1, pyarrow.uint8()))
                columns[name] = compute.fill_null(codes, 0)
                self.values[name] = [False, True]
            elif pyarrow.types.is_timestamp(kind):
                columns[name] = compute.fill_null(column.cast(pyarrow.int64()), NO_DATE)
            elif name == "assignedPlans":
                columns.update(self.plans(column))
            elif pyarrow.types.is_list(kind):
                columns[name] = joined(column)
            else:
                columns[name] = self.texts(name, column)
        self.table = pyarrow.table(columns)

    def texts(self, name, column):
        codes, values = lower_codes(column)
        if len(values) > min(CODES_MAX, max(self.rows // 4, 1_000)):
            return compute.fill_null(lower(column), "")
        order = sorted(range(len(values)), key=values.__getitem__)
        rank = numpy.zeros(len(values) + 1, numpy.uint16)
        rank[order] = numpy.arange(1, len(values) + 1)
        self.values[name] = [values[at] for at in order]
        return pyarrow.array(rank[codes].astype(numpy.uint8 if len(values) < 256 else numpy.uint16))

    def plans(self, column):
        """One bit for each pair of service and status, in words of 64."""
        plans = column.flatten()
        service, services = lower_codes(plans.field("service"))
        status, statuses = lower_codes(plans.field("capabilityStatus"))
        bits = service.astype(numpy.int64) * len(statuses) + status
        self.values["assignedPlans"] = [(s, t) for s in services for t in statuses]
        lengths = compute.fill_null(compute.list_value_length(column), 0).to_numpy()
        starts, some = numpy.cumsum(lengths) - lengths, numpy.flatnonzero(lengths)
        single = numpy.left_shift(numpy.uint64(1), (bits % 64).astype(numpy.uint64))
        for word in range((len(services) * len(statuses) + 63) // 64):
            of_word = numpy.zeros(self.rows, numpy.uint64)
            if len(some):
                mine = numpy.where(bits // 64 == word, single, numpy.uint64(0))
                of_word[some] = numpy.bitwise_or.reduceat(mine, starts[some])
            yield f"plans{word}", pyarrow.array(of_word)


def lower(texts):
    """An Arrow array of texts in lower case."""
    return compute.utf8_lower(compute.replace_substring(texts, DOTTED_I, DOTTED_I_STAND_IN))


def lower_text(text):
    return text.replace(DOTTED_I, DOTTED_I_STAND_IN).lower()


def lower_codes(column):
    """For each row a code, -1 for a missing value; and the distinct values in lower case."""
    encoded = column.dictionary_encode()
    values = lower(encoded.dictionary).dictionary_encode()
    of_code = numpy.append(values.indices.to_numpy(), -1)
    return of_code[compute.fill_null(encoded.indices, len(of_code) - 1).to_numpy()], values.dictionary.to_pylist()


def joined(column):
    lists = pyarrow.ListArray.from_arrays(column.offsets, lower(column.values))
    text = compute.binary_join(lists, BORDER)
    framed = compute.binary_join_element_wise(BORDER, text, BORDER, "")
    empty = compute.equal(compute.list_value_length(column), 0)
    return compute.fill_null(compute.if_else(empty, "", framed), "")


class Settler:
    """Brings trees into the form of the columns of `users`."""

    def __init__(self, users):
        self.values, self.known = users.values, {}

    def settle(self, tree):
        if tree not in self.known:
            self.known[tree] = self.settled(tree)
        return self.known[tree]

    def settled(self, tree):
        word = tree[0]
        if word == "not":
            inner = self.settle(tree[1])
            return inner[1] if inner[0] == "not" else ("not", inner)
        if word in ("and", "or"):
            return self.connected(word, [self.settle(part) for part in tree[1:]])
        if word == "plan":
            return self.plan(lower_text(tree[1]), lower_text(tree[2]))
        if word in ("from", "until"):
            day = datetime.fromisoformat(tree[2]).replace(tzinfo=timezone.utc)
            moment = int(day.timestamp()) * 1_000_000
            return ("date", tree[1], *((moment, None) if word == "from" else (NO_DATE + 1, moment)))
        if word == "item":
            text, before, after = lower_text(tree[3]), tree[2] in ("eq", "starts"), tree[2] in ("eq", "ends")
            return ("text", tree[1], "contains", BORDER * before + text + BORDER * after)
        name = tree[1]
        if name in self.values:
            codes = tuple(self.codes(word, name, *tree[2:]))
            return ("codes", name, codes) if codes else ("never",)
        if word == "null":
            return ("text", name, "eq", "")
        value = tuple(map(lower_text, tree[2])) if word == "in" else lower_text(tree[2])
        return ("text", name, word, value)

    @staticmethod
    def connected(word, parts):
        """Codes of one column under an `or` are one set; what never holds is settled."""
        never = ("never",)
        if word == "and":
            return never if never in parts else ("and", *dict.fromkeys(parts))
        sets, others = {}, []
        for part in parts:
            if part[0] == "codes":
                sets.setdefault(part[1], set()).update(part[2])
            elif part != never:
                others.append(part)
        parts = [("codes", name, tuple(sorted(codes))) for name, codes in sets.items()]
        parts += dict.fromkeys(others)
        if not parts:
            return never
        return parts[0] if len(parts) == 1 else ("or", *parts)

    def codes(self, word, name, value=None):
        if word == "null":
            return [0]
        if word == "match":
            holds = re.compile(lower_text(value)).search
        elif word == "in":
            holds = set(map(lower_text, value)).__contains__
        elif word == "is":
            holds = value.__eq__
        else:
            value = lower_text(value)
            holds = {"eq": value.__eq__, "starts": lambda text: text.startswith(value),
                     "ends": lambda text: text.endswith(value), "contains": lambda text: value in text}[word]
        return [code for code, text in enumerate(self.values[name], 1) if holds(text)]

    def plan(self, service, status):
        masks = {}
        for bit, pair in enumerate(self.values["assignedPlans"]):
            if pair == (service, status):
                masks[bit // 64] = masks.get(bit // 64, 0) | 1 << bit % 64
        return self.connected("or", [("bits", f"plans{word}", mask) for word, mask in masks.items()])


def ranges(codes):
    """Codes as stretches without a gap: (first, last)."""
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found
