"""Polars, DuckDB and DataFusion, each as one would write it who wants it fast.

An engine takes prepared users in `load`, prepared trees in `compile`, and then computes as often as
wanted: `count` the number of members of each rule, `pairs` the members themselves, as the engine keeps
row numbers. `members` turns what `pairs` gave into one array of row numbers for each rule, for the
comparison; its time is not measured.
"""

import numpy
import pyarrow

from prepared import Settler, ranges


class Engine:
    def __init__(self, threads):
        self.threads = threads

    def settle(self, users, trees):
        settler = Settler(users)
        return [settler.settle(tree) for tree in trees]


class Polars(Engine):
    """Each different condition becomes one column of booleans, once; rules combine these columns."""

    def version(self):
        import polars
        return polars.__version__

    def load(self, users):
        import polars
        self.polars, self.users = polars, users
        self.frame = polars.from_arrow(users.table)

    def compile(self, trees):
        self.leaves = {}
        trees = self.settle(self.users, trees)
        self.rules = [self.combined(tree).alias(str(at)) for at, tree in enumerate(trees)]
        self.conditions = [self.condition(leaf).alias(name) for leaf, name in self.leaves.items()]

    def combined(self, tree):
        if tree[0] == "not":
            return ~self.combined(tree[1])
        if tree[0] not in ("and", "or"):
            return self.polars.col(self.leaves.setdefault(tree, f"c{len(self.leaves)}"))
        whole = self.combined(tree[1])
        for part in tree[2:]:
            whole = whole & self.combined(part) if tree[0] == "and" else whole | self.combined(part)
        return whole

    def condition(self, leaf):
        pl = self.polars
        if leaf[0] == "never":
            return pl.repeat(False, pl.len())
        column = pl.col(leaf[1])
        if leaf[0] == "codes":
            return self.codes(column, leaf)
        if leaf[0] == "date":
            _, _, least, most = leaf
            return column >= least if most is None else column.is_between(least, most)
        if leaf[0] == "bits":
            return (column & pl.lit(leaf[2], pl.UInt64)) != 0
        _, _, word, value = leaf
        if word == "in":
            return column.is_in(list(value))
        if word == "contains":
            return column.str.contains(value, literal=True)
        if word == "match":
            return column.str.contains(value)
        return {"eq": column.eq, "starts": column.str.starts_with, "ends": column.str.ends_with}[word](value)

    def codes(self, column, leaf):
        """One comparison, or a look at a table with a boolean for each code."""
        pl = self.polars
        stretches = ranges(leaf[2])
        kind = self.frame.schema[leaf[1]]
        if len(stretches) == 1:
            (first, last), = stretches
            return column == pl.lit(first, kind) if first == last else column.is_between(
                pl.lit(first, kind), pl.lit(last, kind))
        table = numpy.zeros(len(self.users.values[leaf[1]]) + 1, bool)
        table[list(leaf[2])] = True
        return pl.lit(pl.Series(table)).gather(column)

    def evaluated(self, form):
        conditions = self.frame.select(self.conditions)
        return conditions.select([form(rule) for rule in self.rules])

    def count(self):
        return list(self.evaluated(lambda rule: rule.sum()).row(0))

    def pairs(self):
        return self.evaluated(lambda rule: rule.arg_true().implode())

    def members(self, found):
        return [found[name][0].to_numpy() for name in found.columns]


def text_literal(text):
    return "'" + text.replace("'", "''") + "'"


class Sql:
    """Prepared trees as conditions of SQL."""

    def __init__(self, users):
        self.users = users

    def condition(self, tree):
        word = tree[0]
        if word in ("and", "or"):
            return "(" + f" {word} ".join(self.condition(part) for part in tree[1:]) + ")"
        if word == "not":
            return f"(not {self.condition(tree[1])})"
        if word == "never":
            return "false"
        column = f'"{tree[1]}"'
        if word == "codes":
            return self.codes(column, tree)
        if word == "bits":
            return self.bits(column, tree[2])
        if word == "date":
            _, _, least, most = tree
            return f"({column} >= {least})" if most is None else f"({column} between {least} and {most})"
        return self.text(column, tree[2], tree[3])

    def codes(self, column, tree):
        return self.compared(column, ranges(tree[2]))

    @staticmethod
    def compared(column, stretches):
        single = [str(first) for first, last in stretches if first == last]
        parts = [f"{column} between {first} and {last}" for first, last in stretches if first < last]
        if single:
            parts.append(f"{column} = {single[0]}" if len(single) == 1 else f"{column} in ({', '.join(single)})")
        return "(" + " or ".join(parts) + ")"

    def text(self, column, word, value):
        if word == "in":
            return f"({column} in ({', '.join(map(text_literal, value))}))"
        value = text_literal(value)
        return {"eq": f"({column} = {value})", "starts": f"starts_with({column}, {value})",
                "ends": f"ends_with({column}, {value})", "contains": f"contains({column}, {value})",
                "match": self.matches(column, value)}[word]


class DuckSql(Sql):
    # A long list becomes a join; a bit string with one bit for each code is far quicker.
    STRETCHES_MAX = 6

    def codes(self, column, tree):
        stretches = ranges(tree[2])
        if len(stretches) <= self.STRETCHES_MAX:
            return self.compared(column, stretches)
        bits = bytearray(b"0" * (len(self.users.values[tree[1]]) + 1))
        for code in tree[2]:
            bits[code] = ord("1")
        return f"(get_bit('{bits.decode()}'::bit, {column}) = 1)"

    @staticmethod
    def bits(column, mask):
        return f"(({column} & {mask}::ubigint) <> 0)"

    @staticmethod
    def matches(column, value):
        return f"regexp_matches({column}, {value})"


class DataFusionSql(Sql):
    @staticmethod
    def bits(column, mask):
        return f"(({column} & arrow_cast('{mask}', 'UInt64')) <> arrow_cast(0, 'UInt64'))"

    @staticmethod
    def matches(column, value):
        return f"({column} ~ {value})"


class Queries(Engine):
    """Rules as SQL: many that compare numbers in one query, which reads the table once for all of them;
    those that search in texts in queries of their own, where the cheap conditions come first."""

    def compile(self, trees):
        trees = self.settle(self.users, trees)
        sql = self.language(self.users)
        self.rules = [sql.condition(tree) for tree in trees]
        self.searching = {at for at, tree in enumerate(trees) if searches(tree)}

    def count(self):
        found = [0] * len(self.rules)
        numbers = [at for at in range(len(self.rules)) if at not in self.searching]
        for batch in batches(numbers, self.rules_in_query):
            sums = ", ".join(f"{self.counted.format(self.rules[at])} as r{at}" for at in batch)
            for at, column in zip(batch, self.query(f"select {sums} from users").columns):
                found[at] = column[0].as_py()
        for at in self.searching:
            found[at] = self.query(f"select count(*) as n from users where {self.rules[at]}")["n"][0].as_py()
        return found

    def pairs(self):
        return [self.query(f"select row_number from users where {rule}") for rule in self.rules]

    def members(self, found):
        return [table["row_number"].to_numpy() for table in found]


def searches(tree):
    return any(map(searches, tree[1:])) if tree[0] in ("and", "or", "not") else tree[0] == "text"


class DuckDB(Queries):
    language = DuckSql
    counted = "count_if({})"
    rules_in_query = 250

    def version(self):
        import duckdb
        return duckdb.__version__

    def load(self, users):
        import duckdb
        self.users = users
        self.base = duckdb.connect()
        self.base.execute(f"set threads = {self.threads}")
        self.base.execute("set preserve_insertion_order = false")
        self.base.register("prepared", numbered(users))
        self.base.execute("create table users as select * from prepared")
        self.base.unregister("prepared")

    def query(self, sql):
        return self.base.sql(sql).to_arrow_table()


class DataFusion(Queries):
    language = DataFusionSql
    counted = "count(*) filter (where {})"
    rules_in_query = 50

    def version(self):
        import datafusion
        return datafusion.__version__

    def load(self, users):
        import datafusion
        self.users = users
        config = datafusion.SessionConfig().with_target_partitions(self.threads)
        self.context = datafusion.SessionContext(config)
        pieces = numbered(users).to_batches(max_chunksize=32_768)
        self.context.register_record_batches("users", batches(pieces, -(-len(pieces) // self.threads)))

    def query(self, sql):
        return self.context.sql(sql).to_arrow_table()


def numbered(users):
    """The table with the number of each row."""
    rows = numpy.arange(users.rows, dtype=numpy.uint32)
    return users.table.append_column("row_number", pyarrow.array(rows))


def batches(items, size):
    return [items[start:start + size] for start in range(0, len(items), size)]


ENGINES = {"polars": Polars, "duckdb": DuckDB, "datafusion": DataFusion}
