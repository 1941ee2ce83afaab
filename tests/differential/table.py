"""What a row of the command table says, and the table itself: the rows of all families by name."""
from dataclasses import dataclass

from . import sameness


@dataclass(frozen=True)
class Row:
    name: bytes
    family: str
    arguments: tuple          # generators, in order
    weight: float = 10
    same: object = sameness.exact
    blocks: bool = False      # may wait for another connection
    iterates: bool = False    # a SCAN: cursor 0 stands for the whole iteration
    chosen_from: tuple = ()   # by chance: the words that, with the key, list what may be chosen
    removes: bool = False     # ... and then takes it away
    wakes_all: bool = False   # comes when nobody is blocked
    mutable: bool = True      # may a word be spoiled?
    in_multi: bool = True     # makes sense between MULTI and EXEC


class Table:
    def __init__(self):
        self.rows = []

    def family(self, name):
        """A function that adds rows to that family: row("GET", key("s"))."""
        def row(command, *arguments, **attributes):
            self.rows.append(Row(command.encode(), name, arguments, **attributes))
        return row

    def by_name(self):
        """name → Row: how to compare replies. Rows of one name differ in arguments alone."""
        return {row.name: row for row in reversed(self.rows)}


def complete():
    # The families import Table from here.
    from . import collections_rows, generic_rows, geo_rows, script_rows, stream_rows, string_rows, zset_rows
    table = Table()
    for module in (string_rows, generic_rows, collections_rows, zset_rows, geo_rows, stream_rows, script_rows):  # scripts call the others
        module.add(table)
    return table
