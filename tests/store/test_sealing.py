"""Nobody reads the store without its keys, and keys are replaced while people use it."""

import asyncio

import pytest
from cryptography.fernet import Fernet

from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from tests.store.conftest import Replica

pytestmark = pytest.mark.anyio
OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


async def test_a_value_is_read_with_the_keys_alone_and_only_where_it_was_put(replica: Replica) -> None:
    raw = replica()
    store = SealedStore(raw, KeyRing([OLD]))
    await store.put("mine", b"a secret", 60)
    await store.put("yours", b"another", 60)

    found = await raw.get("mine")
    assert found is not None
    assert b"secret" not in found.value
    await raw.put("yours", found.value, 60)

    with pytest.raises(StoreError, match="moved there from another place"):
        await store.get("yours")
    with pytest.raises(StoreError, match="SALESFORCE_STORE_KEYS does not have"):
        await SealedStore(raw, KeyRing([FOREIGN])).get("mine")


async def test_a_store_of_other_keys_is_noticed_at_the_start(replica: Replica) -> None:
    await SealedStore(replica(), KeyRing([OLD])).verify()
    await SealedStore(replica(), KeyRing([NEW, OLD])).verify()

    with pytest.raises(StoreError, match="SALESFORCE_STORE_KEYS does not have"):
        await SealedStore(replica(), KeyRing([FOREIGN])).verify()


async def test_keys_are_rotated_while_the_store_is_used_and_nothing_is_lost(replica: Replica) -> None:
    old = SealedStore(replica(), KeyRing([OLD]))
    await old.verify()
    for number in range(50):
        await old.put(f"kept {number}", str(number).encode(), 60)
    both = SealedStore(replica(), KeyRing([NEW, OLD]))

    async def use() -> None:
        for number in range(50):
            found = await both.get(f"kept {number}")
            assert found is not None
            assert await both.swap(f"kept {number}", found.value + b"!", 60, version=found.version) or True

    (done, unreadable), _ = await asyncio.gather(both.rotate(), use())

    assert done > 0
    assert not unreadable
    new = SealedStore(replica(), KeyRing([NEW]))
    await new.verify()
    for number in range(50):
        found = await new.get(f"kept {number}")
        assert found is not None
        assert found.value.rstrip(b"!") == str(number).encode()
        assert 0 < found.lifetime_s <= 60
    assert await both.rotate() == (0, 0)
    assert (await SealedStore(replica(), KeyRing([FOREIGN])).rotate()) == (0, 51)


@pytest.mark.parametrize(("keys", "says"), [([], "no key"), ([OLD, "x" * 44], "number 2"), ([OLD[:-4]], "number 1")])
def test_what_is_no_key_is_refused_without_being_shown(keys: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        KeyRing(keys)
    assert not any(key in str(caught.value) for key in keys)


def test_a_ring_does_not_show_its_keys_and_derives_others_that_differ_by_purpose() -> None:
    ring = KeyRing([NEW, OLD])

    tokens, forms = ring.derived("tokens"), ring.derived("forms")
    assert len({*tokens.values(), *forms.values()}) == 4
    assert tokens == KeyRing([NEW, OLD]).derived("tokens")
    assert all(key not in repr(ring) for key in (OLD, NEW))
