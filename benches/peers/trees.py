"""Rules as trees, made from a seed, and their text as membership rules.

A tree is a tuple:

    ("and", tree, ...)  ("or", tree, ...)  ("not", tree)
    ("eq" | "starts" | "ends" | "contains" | "match", attribute, text)
    ("in", attribute, (text, ...))      ("null", attribute)     ("is", attribute, boolean)
    ("from" | "until", attribute, "YYYY-MM-DD")
    ("item", collection, "eq" | "starts" | "ends" | "contains", text)
    ("plan", service, status)

A comparison with a value that is missing is false. Texts are compared without regard to letter case.
"""

import random

FEW_VALUES = {
    "department": 26, "jobTitle": 10, "country": 12, "city": 10, "companyName": 8, "usageLocation": 8,
    "physicalDeliveryOfficeName": 6, "state": 4, "extensionAttribute1": 4, "extensionAttribute3": 5,
    "extensionAttribute4": 3, "extensionAttribute6": 3, "extensionAttribute15": 3, "preferredLanguage": 3,
}
MANY_VALUES = {"userPrincipalName": 5, "mail": 4, "displayName": 3, "onPremisesDistinguishedName": 3}
MATCHED = {"jobTitle": 4, "department": 3, "city": 1, "userPrincipalName": 2, "displayName": 1}
NULLABLE = ["mail", "department", "jobTitle", "employeeId", "state", "extensionAttribute9", "companyName"]
COLLECTIONS = {"proxyAddresses": 3, "otherMails": 1}
READ = [*FEW_VALUES, *MANY_VALUES, *COLLECTIONS, "assignedPlans"]

# What a rule mainly does, and how often of a hundred rules.
KINDS = {"equal": 34, "list": 16, "affix": 11, "contains": 8, "match": 5, "item": 5, "plan": 4, "missing": 4,
         "date": 4, "exclusion": 4, "chain": 5}

PATTERNS = ["^{0}", "{0}$", "^{0}.*[a-z]$", "({0}|{1})", "^({0}|{1})", "[ -]{0}"]


class Maker:
    """Makes trees about the users of `table`, an Arrow table; the values in them are those of users."""

    def __init__(self, table, seed):
        self.random = random.Random(seed)
        self.rows = table.num_rows
        self.columns = {name: table[name].combine_chunks() for name in READ}

    def trees(self, count):
        """The first `count` trees; more leave the first ones as they are."""
        return [self.tree() for _ in range(count)]

    def draw(self, shares):
        return self.random.choices(list(shares), list(shares.values()))[0]

    def cell(self, name):
        """The value of some user who has one, so that frequent values are frequent in rules too."""
        while True:
            value = self.columns[name][self.random.randrange(self.rows)].as_py()
            if value:
                return value

    def tree(self):
        main = getattr(self, self.draw(KINDS))()
        guards = self.random.random()
        if guards < 0.30:
            return join("and", ("is", "accountEnabled", True), main)
        if guards < 0.42:
            return join("and", ("eq", "userType", "Member"), main)
        if guards < 0.55:
            return join("and", ("is", "accountEnabled", True), ("eq", "userType", "Member"), main)
        return main

    def equals(self, name=None):
        name = name or self.draw(FEW_VALUES)
        return ("eq", name, self.cell(name))

    def equal(self):
        return self.equals() if self.random.random() < 0.7 else join("and", self.equals(), self.equals())

    def list(self):
        name = self.draw(FEW_VALUES)
        wanted = self.random.randint(2, self.random.randint(3, 40))
        values = dict.fromkeys(self.cell(name) for _ in range(wanted))
        return ("in", name, tuple(values))

    def part(self, name, operator):
        text = self.cell(name)
        length = min(len(text), self.random.randint(3, 14))
        if operator == "starts":
            return text[:length]
        if operator == "ends":
            return text[-length:]
        start = self.random.randint(0, len(text) - length)
        return text[start:start + length]

    def piece(self, operator, name):
        # Blanks at the ends of a value are easily lost on the way; nobody means them.
        return (operator, name, self.part(name, operator).strip() or "a")

    def affix(self):
        name = self.draw(MANY_VALUES if self.random.random() < 0.5 else FEW_VALUES)
        return self.piece(self.random.choice(["starts", "ends"]), name)

    def contains(self):
        name = self.draw(MANY_VALUES if self.random.random() < 0.4 else FEW_VALUES)
        return self.piece("contains", name)

    def match(self):
        words = [self.word(), self.word()]
        name = self.draw(MATCHED)
        return ("match", name, self.random.choice(PATTERNS).format(*words))

    def word(self):
        name = self.draw({"jobTitle": 2, "department": 1, "city": 1})
        words = ["".join(c for c in word if c.isascii() and c.isalpha()) for word in self.cell(name).split()]
        return max(words, key=len).lower() or "a"

    def item(self):
        collection = self.draw(COLLECTIONS)
        text = self.random.choice(self.cell(collection))
        length = min(len(text), self.random.randint(5, 16))
        operator = self.random.choice(["ends", "ends", "starts", "contains", "eq"])
        piece = {"ends": text[-length:], "starts": text[:length], "contains": text[-length:-3] or text, "eq": text}
        return ("item", collection, operator, piece[operator])

    def plan(self):
        plan = self.random.choice(self.cell("assignedPlans"))
        return ("plan", plan["service"], plan["capabilityStatus"])

    def missing(self):
        missing = ("null", self.random.choice(NULLABLE))
        missing = missing if self.random.random() < 0.4 else ("not", missing)
        return missing if self.random.random() < 0.5 else join("and", missing, self.equals())

    def day(self):
        return f"{self.random.randint(2012, 2026)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"

    def date(self):
        first, last = sorted([self.day(), self.day()])
        window = [("from", "employeeHireDate", first), ("until", "employeeHireDate", last)]
        return join("and", *self.random.choice([window, window[:1], window[1:]]))

    def exclusion(self):
        return join("and", self.equals(), ("not", self.random.choice([self.equals, self.affix, self.contains])()))

    def chain(self):
        """Places and what is done there, as a user has them."""
        other = self.random.choice(["city", "department"])
        pairs = set()
        while len(pairs) < 3 or self.random.random() < 0.8 and len(pairs) < 12:
            row = self.random.randrange(self.rows)
            country, value = (self.columns[name][row].as_py() for name in ("country", other))
            if country and value:
                pairs.add(("and", ("eq", "country", country), ("eq", other, value)))
        return join("or", *sorted(pairs))


def join(word, *parts):
    return parts[0] if len(parts) == 1 else (word, *parts)


def size(tree):
    """How many conditions a tree has."""
    if tree[0] in ("and", "or", "not"):
        return sum(size(part) for part in tree[1:])
    return 1


OPERATORS = {"eq": ("-eq", "-ne"), "starts": ("-startsWith", "-notStartsWith"), "ends": ("-endsWith", "-notEndsWith"),
             "contains": ("-contains", "-notContains"), "match": ("-match", "-notMatch"), "in": ("-in", "-notIn")}


def quoted(text):
    text = text.replace("'", "''").replace('"', '`"')
    return f'"{text}"'


def rule(tree):
    """A tree as the text of a membership rule."""
    word = tree[0]
    if word in ("and", "or"):
        return f" -{word} ".join(f"({rule(part)})" for part in tree[1:])
    if word == "not":
        return negated(tree[1])
    return condition(tree, 0)


def negated(tree):
    if tree[0] in OPERATORS:
        return condition(tree, 1)
    if tree[0] == "null":
        return f"user.{tree[1]} -ne null"
    return f"-not ({rule(tree)})"


def condition(tree, negative):
    word, name = tree[0], tree[1]
    if word == "null":
        return f"user.{name} -eq null"
    if word == "is":
        return f"user.{name} -eq {str(tree[2]).lower()}"
    if word in ("from", "until"):
        return f"user.{name} {'-ge' if word == 'from' else '-le'} {tree[2]}T00:00:00Z"
    if word == "item":
        return f"user.{name} -any (_ {OPERATORS[tree[2]][0]} {quoted(tree[3])})"
    if word == "plan":
        service, status = map(quoted, tree[1:])
        return (f"user.assignedPlans -any (assignedPlan.service -eq {service} "
                f"-and assignedPlan.capabilityStatus -eq {status})")
    value = f"[{', '.join(map(quoted, tree[2]))}]" if word == "in" else quoted(tree[2])
    return f"user.{name} {OPERATORS[word][negative]} {value}"
