"""The file system as one room: the tree and the three kinds of body, and creation and deletion of both."""

from __future__ import annotations

from simcard.fs.binary import Binary
from simcard.fs.descriptor import RECORD_KINDS, Descriptor, Kind
from simcard.fs.objects import Objects
from simcard.fs.records import Records
from simcard.fs.tree import Tree
from simcard.nvm.store import Store


class Files:
    """Tree, bodies, records and data objects of the card, over one store."""

    def __init__(self, store: Store) -> None:
        self.tree = Tree(store)
        self.binary = Binary(store)
        self.records = Records(store)
        self.objects = Objects(store)

    def create(self, parent: int, wanted: Descriptor) -> Descriptor:
        """A new file with an erased body."""
        file = self.tree.create(parent, wanted)
        if file.kind is Kind.TRANSPARENT:
            self.binary.allocate(file)
        return file

    def delete(self, file: Descriptor) -> list[Descriptor]:
        """Remove a file, all below it, and their bodies; returns what was removed."""
        gone = self.tree.delete(file)
        for each in gone:
            if each.kind is Kind.TRANSPARENT:
                self.binary.free(each)
            elif each.kind in RECORD_KINDS:
                self.records.free(each)
            self.objects.free(each.number)
        return gone
