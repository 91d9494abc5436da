"""Put tensors into a network whose tensors may have other names."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

WRAPPING = ("module", "_orig_mod")
"""Names that `DataParallel` and `torch.compile` put into the names of tensors, at any place."""

SYNONYMS = {"shortcut": "downsample", "linear": "fc", "classifier": "fc"}
"""Names of modules in well-known ResNets for CIFAR-10, and what they are called here."""

KINDS = ("weight", "bias", "running_mean", "running_var")


def fill(network: nn.Module, state: Mapping[str, Tensor]) -> str:
    """Load tensors into the network, by name or by order, and return how in words, if not by name.

    Names may have a prefix, or words of `WRAPPING` or `SYNONYMS` in them. If they are other names
    altogether, the tensors are taken in their order, which is the network's own if another
    implementation has the same architecture.

    Raises
    ------
    ValueError
        If names and order don't match the network's, or a shape doesn't.
    """
    own, given = _uncounted(network.state_dict()), _uncounted(state)
    renamed, said = by_name(own, given)
    if renamed is None:
        renamed, said = by_order(own, given), "tensors matched by their order, not by name"
    wrong = [name for name, tensor in own.items() if renamed[name].shape != tensor.shape]
    if wrong:
        shapes = [tuple(x[wrong[0]].shape) for x in (renamed, own)]
        raise ValueError(
            f"the weights are another architecture's: {wrong[0]} has the shape {shapes[0]}, "
            f"expected {shapes[1]}; name its config.json with --config"
        )
    # Counters stay the network's own.
    network.load_state_dict(renamed, strict=False)
    return said


def _uncounted(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without ``num_batches_tracked``, which has no effect in evaluation.

    These are the only tensors with a single whole number, whatever their names.
    """
    return {k: v for k, v in state.items() if v.ndim or v.is_floating_point()}


def by_name(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor] | None, str]:
    """Return the given tensors by the network's own names, or None, and the prefix in words."""
    plain = {_plain(name): tensor for name, tensor in given.items()}
    first = next(iter(own))
    prefixes = {name.removesuffix(first) for name in plain if f".{name}".endswith(f".{first}")}
    whole = sorted((p for p in prefixes if all(p + name in plain for name in own)), key=len)
    if not whole:
        return None, ""
    prefix, *others = whole
    more = [n for n in plain if n.startswith(prefix) and n.removeprefix(prefix) not in own]
    # Under no prefix there may be other things beside the network, with prefixes of their own.
    more = [n for n in more if prefix or n.partition(".")[0] in {k.partition(".")[0] for k in own}]
    if more:
        raise ValueError(
            f"the weights are a larger network's: {more[0]} has no place in this model; name its "
            "config.json with --config"
        )
    said = f"tensors taken: {prefix}*" if prefix else ""
    if others:
        said += f"; also there: {', '.join(f'{p}*' for p in others)}"
    named = {p.partition(".")[0] for p in whole if p}
    named |= set() if prefix else {name.partition(".")[0] for name in own}
    left = sorted({name.partition(".")[0] for name in plain} - named)
    if left:
        said += f"; not taken: {', '.join(left)}"
    return {name: plain[prefix + name] for name in own}, said.removeprefix("; ")


def _plain(name: str) -> str:
    """Return a tensor's name without `WRAPPING` and with this project's names of modules."""
    parts = (part for part in name.split(".") if part not in WRAPPING)
    return ".".join(SYNONYMS.get(part, part) for part in parts)


def by_order(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the given tensors by the network's own names, matched by their order.

    Raises
    ------
    ValueError
        If number, shapes or kinds (weight, bias, ...) of the tensors don't match in this order.
    """
    if len(own) != len(given):
        raise ValueError(
            f"the weights are another architecture's: {len(given)} tensors, "
            f"{len(own)} expected for this model; name its config.json with --config"
        )
    pairs = list(zip(own.items(), given.items(), strict=True))
    wrong = [pair for pair in pairs if not _may_be(*pair)]
    if wrong:
        (name, tensor), (other, found) = wrong[0]
        cause = (
            "its tensors are sorted by name, as safetensors does, which leaves only the names to "
            "match by; name them as this project does"
            if list(given) == sorted(given)
            else "name its config.json with --config"
        )
        raise ValueError(
            f"the weights are another architecture's, or named otherwise: {other} "
            f"{tuple(found.shape)} in the place of {name} {tuple(tensor.shape)}; {cause}"
        )
    return {name: found for (name, _), (_, found) in pairs}


def _may_be(own: tuple[str, Tensor], given: tuple[str, Tensor]) -> bool:
    """Return whether two named tensors have the same shape, and the same kind if both have one."""
    kinds = [name.rpartition(".")[2] for name, _ in (own, given)]
    return own[1].shape == given[1].shape and (
        kinds[0] == kinds[1] or not all(kind in KINDS for kind in kinds)
    )
