"""The coordinator of consumer groups that kafka-broker puts before tansu, with static members as KIP-345 has them."""

import asyncio
import struct
import uuid

JOIN, HEARTBEAT, LEAVE, SYNC, OFFSET_COMMIT = 11, 12, 13, 14, 8
NONE, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS = 0, 22, 25, 27
MEMBER_ID_REQUIRED, FENCED_INSTANCE_ID = 79, 82


class Fields:
    """The fields of a request, in layouts older than tagged fields."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, layout):
        values = struct.unpack_from(layout, self.data, self.place)
        self.place += struct.calcsize(layout)
        return values if len(values) > 1 else values[0]

    def bytes(self, size=">i"):
        length = self.take(size)
        if length < 0:
            return None
        self.place += length
        return self.data[self.place - length:self.place]

    def string(self):
        value = self.bytes(">h")
        return None if value is None else value.decode()

    def array(self, element):
        return [element() for _ in range(self.take(">i"))]


def string(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


def blob(value):
    return struct.pack(">i", len(value)) + value


def array(values):
    return struct.pack(">i", len(values)) + b"".join(values)


class Member:
    def __init__(self, instance):
        self.identity, self.instance = str(uuid.uuid4()), instance
        self.protocols, self.assignment = [], b""
        self.session = self.rebalance = 0
        # What it waits for, and what ends it when it falls silent.
        self.joining = self.syncing = self.expiry = None


class Group:
    def __init__(self):
        self.state, self.generation, self.protocol, self.leader = "empty", 0, "", ""
        self.members, self.expected, self.deadline = {}, set(), None

    def holder(self, instance):
        """The member that has the `group.instance.id`."""
        return next((m for m in self.members.values() if instance is not None and m.instance == instance), None)

    def unknown(self, identity, instance, generation=None):
        """The error for a member that speaks, or NONE."""
        holder = self.holder(instance)
        if holder and holder.identity != identity:
            return FENCED_INSTANCE_ID
        if identity not in self.members:
            return UNKNOWN_MEMBER_ID
        self.touch(self.members[identity])
        return NONE if generation in (None, self.generation) else ILLEGAL_GENERATION

    def touch(self, member):
        if member.expiry:
            member.expiry.cancel()
        member.expiry = asyncio.get_running_loop().call_later(member.session / 1000, self.expire, member)

    def expire(self, member):
        # Who waits in JoinGroup sends no heartbeats.
        if member.joining is None and self.members.get(member.identity) is member:
            self.remove(member)

    def remove(self, member):
        del self.members[member.identity]
        member.expiry.cancel()
        if self.members:
            self.rebalance()
        else:
            self.state = "empty"

    async def join(self, version, fields):
        session, rebalance = fields.take(">ii")
        identity, instance = fields.string(), fields.string() if version >= 5 else None
        fields.string()
        protocols = fields.array(lambda: (fields.string(), fields.bytes()))
        known = self.holder(instance)
        if not identity and known:
            was_leader, before = self.leader == known.identity, known.identity
            member = self.replace(known)
            if was_leader:
                self.leader = member.identity
            if self.state == "stable" and protocols == member.protocols:
                # It is told of the leader that it was, so that it does not assign.
                return self.joined(member, leader=before if was_leader else self.leader)
        elif not identity:
            member = Member(instance)
            if version >= 4 and instance is None:
                self.expected.add(member.identity)
                return self.refused(MEMBER_ID_REQUIRED, member.identity)
            self.members[member.identity] = member
        elif identity in self.expected:
            self.expected.remove(identity)
            member = Member(instance)
            member.identity = identity
            self.members[identity] = member
        elif error := self.unknown(identity, instance):
            return self.refused(error, identity)
        else:
            member = self.members[identity]
            if self.state == "stable" and self.leader != identity and protocols == member.protocols:
                return self.joined(member)
        member.protocols, member.session, member.rebalance = protocols, session, rebalance
        self.touch(member)
        member.joining = asyncio.get_running_loop().create_future()
        waiting = member.joining
        self.rebalance()
        return await waiting

    def replace(self, known):
        """The same static member under a new id; whoever speaks with the old one is fenced."""
        if known.joining:
            known.joining.set_result(self.refused(FENCED_INSTANCE_ID, known.identity))
        if known.syncing:
            known.syncing.set_result(struct.pack(">ih", 0, FENCED_INSTANCE_ID) + blob(b""))
        member = Member(known.instance)
        member.protocols, member.assignment, member.session = known.protocols, known.assignment, known.session
        del self.members[known.identity]
        known.expiry.cancel()
        self.members[member.identity] = member
        self.touch(member)
        return member

    def refused(self, error, identity):
        return struct.pack(">ihi", 0, error, -1) + string("") + string("") + string(identity) + array([])

    def joined(self, member, leader=None):
        members = []
        if leader is None and member.identity == self.leader:
            members = [string(m.identity) + string(m.instance) + blob(dict(m.protocols)[self.protocol])
                       for m in self.members.values()]
        return (struct.pack(">ihi", 0, NONE, self.generation) + string(self.protocol) + string(leader or self.leader)
                + string(member.identity) + array(members))

    def rebalance(self):
        """Asks all members to join again; the generation begins when they have, or when their time is over."""
        if self.state != "joining":
            self.state = "joining"
            for member in self.members.values():
                if member.syncing:
                    member.syncing.set_result(struct.pack(">ih", 0, REBALANCE_IN_PROGRESS) + blob(b""))
                    member.syncing = None
            longest = max(m.rebalance for m in self.members.values()) / 1000
            self.deadline = asyncio.get_running_loop().call_later(longest, self.begin)
        if all(m.joining for m in self.members.values()):
            self.begin()

    def begin(self):
        self.deadline.cancel()
        for member in [m for m in self.members.values() if m.joining is None]:
            del self.members[member.identity]
            member.expiry.cancel()
        if not self.members:
            self.state = "empty"
            return
        self.generation += 1
        if self.leader not in self.members:
            self.leader = next(iter(self.members))
        common = set.intersection(*({name for name, _ in m.protocols} for m in self.members.values()))
        self.protocol = next(name for name, _ in self.members[self.leader].protocols if name in common)
        self.state = "syncing"
        for member in self.members.values():
            member.joining.set_result(self.joined(member))
            member.joining = None
            self.touch(member)

    async def sync(self, version, fields):
        generation, identity = fields.take(">i"), fields.string()
        instance = fields.string() if version >= 3 else None
        assignments = dict(fields.array(lambda: (fields.string(), fields.bytes())))
        error = self.unknown(identity, instance, generation)
        if error == NONE and self.state == "joining":
            error = REBALANCE_IN_PROGRESS
        if error:
            return struct.pack(">ih", 0, error) + blob(b"")
        member = self.members[identity]
        if self.state == "syncing" and identity == self.leader:
            self.state = "stable"
            for other in self.members.values():
                other.assignment = assignments.get(other.identity, b"")
                if other.syncing:
                    other.syncing.set_result(struct.pack(">ih", 0, NONE) + blob(other.assignment))
                    other.syncing = None
        if self.state == "syncing":
            member.syncing = asyncio.get_running_loop().create_future()
            return await member.syncing
        return struct.pack(">ih", 0, NONE) + blob(member.assignment)

    async def heartbeat(self, version, fields):
        generation, identity = fields.take(">i"), fields.string()
        error = self.unknown(identity, fields.string() if version >= 3 else None, generation)
        return struct.pack(">ih", 0, error or (REBALANCE_IN_PROGRESS if self.state == "joining" else NONE))

    async def leave(self, version, fields):
        identity = fields.string()
        error = self.unknown(identity, None)
        if not error:
            self.remove(self.members[identity])
        return struct.pack(">ih", 0, error)

    def commit(self, version, fields):
        """The error for whoever commits offsets, and the request without the membership, which tansu cannot check."""
        generation, identity = fields.take(">i"), fields.string()
        instance = fields.string() if version >= 7 else None
        error = self.unknown(identity, instance, generation) if generation >= 0 else NONE
        rest = fields.data[fields.place:]
        plain = struct.pack(">i", -1) + string("") + (string(None) if version >= 7 else b"") + rest
        if 2 <= version <= 4:
            fields.take(">q")
        layout = ">iqi" if version >= 6 else ">iq"

        def partition():
            index = fields.take(layout)[0]
            fields.string()
            return struct.pack(">ih", index, error)

        refusal = array(fields.array(lambda: string(fields.string()) + array(fields.array(partition))))
        return error, plain, (b"\0\0\0\0" if version >= 3 else b"") + refusal


class Coordinator:
    """Answers what members of groups ask. Everything else, and sound commits, go to tansu."""

    def __init__(self):
        self.groups = {}
        self.answers = {JOIN: Group.join, HEARTBEAT: Group.heartbeat, LEAVE: Group.leave, SYNC: Group.sync}

    async def answer(self, request):
        """The answer, or None; and the request that tansu gets, or None."""
        api, version, correlation = struct.unpack(">hhi", request[4:12])
        if api != OFFSET_COMMIT and api not in self.answers:
            return None, request
        body = 14 + max(0, struct.unpack(">h", request[12:14])[0])
        fields = Fields(request[body:])
        name = fields.string()
        group = self.groups.setdefault(name, Group())
        if api == OFFSET_COMMIT:
            error, plain, said = group.commit(version, fields)
            if not error:
                return None, blob(request[4:body] + string(name) + plain)
        else:
            said = await self.answers[api](group, version, fields)
        return struct.pack(">ii", 4 + len(said), correlation) + said, None
