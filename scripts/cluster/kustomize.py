"""Reads the manifests of a kustomize folder: as much of kustomize as `knative/` uses, so that no kubectl is needed.

That is `resources` (files of one resource each, and folders) and `patches` (files of JSON patches, RFC 6902, that add
and replace). Any other field is refused by name, for to leave it out silently would deploy something else than was
written.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.cluster.errors import ClusterError

FILE: Final = "kustomization.yaml"
_FIELDS: Final = {"apiVersion", "kind", "resources", "patches"}
_PATCH_FIELDS: Final = {"path", "target"}
_TARGET_FIELDS: Final = {"group", "version", "kind", "name"}
_KIND: Final = ("kustomize.config.k8s.io/v1beta1", "Kustomization")


class ManifestError(ClusterError):
    """A file of the manifests can't be used; the message names it."""


def load(folder: Path) -> list[dict[str, Any]]:
    """The resources of the folder's kustomization.yaml, in its order, patched. Raises ManifestError."""
    path = folder / FILE
    content = read(path)
    _refuse_others(path, content, _FIELDS)
    if (content.get("apiVersion"), content.get("kind")) != _KIND:
        raise ManifestError(f"{path}: must be a Kustomization of {_KIND[0]}")
    resources: list[dict[str, Any]] = []
    for name in content.get("resources") or []:
        where = folder / name
        resources += load(where) if where.is_dir() else [read(where)]
    _refuse_repeated(path, resources)
    for patch in content.get("patches") or []:
        _patch(path, resources, patch)
    return resources


def read(path: Path) -> dict[str, Any]:
    """The one object in a YAML file. Raises ManifestError."""
    content = _parse(path)
    if not isinstance(content, dict):
        raise ManifestError(f"{path}: must hold one object")
    return content


def _parse(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path}: can't be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        why = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        raise ManifestError(f"{path}: is not the YAML of one object: {why}") from error


def _refuse_others(path: Path, content: Mapping[str, Any], known: set[str]) -> None:
    for field in content:
        if field not in known:
            raise ManifestError(
                f"{path}: this tool doesn't know the field {field}",
                hint=f"It reads {', '.join(sorted(known))}; for the others there is `kubectl kustomize {path.parent}`.",
            )


def _refuse_repeated(path: Path, resources: Sequence[Mapping[str, Any]]) -> None:
    seen = set[tuple[str, str, str]]()
    for resource in resources:
        key = _key(resource)
        if key in seen:
            raise ManifestError(f"{path}: {key[1]} {key[2]} is there twice")
        seen.add(key)


def _key(resource: Mapping[str, Any]) -> tuple[str, str, str]:
    return resource["apiVersion"], resource["kind"], resource["metadata"]["name"]


def _patch(path: Path, resources: Sequence[dict[str, Any]], patch: Mapping[str, Any]) -> None:
    """Apply a patch to the resources that its target names; there must be some, else a name is misspelt."""
    _refuse_others(path, patch, _PATCH_FIELDS)
    target = patch.get("target") or {}
    _refuse_others(path, target, _TARGET_FIELDS)
    where = path.parent / str(patch.get("path"))
    chosen = [resource for resource in resources if target and _is_target(resource, target)]
    if not chosen:
        raise ManifestError(f"{path}: no resource is the target of the patch {where.name}")
    operations = _parse(where)
    if not isinstance(operations, list):
        raise ManifestError(f"{where}: must be a list of operations (a JSON patch)")
    for resource in chosen:
        for operation in operations:
            _apply(where, resource, operation)


def _is_target(resource: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    group, _, version = str(resource["apiVersion"]).rpartition("/")
    is_so = {"group": group, "version": version, "kind": resource["kind"], "name": resource["metadata"]["name"]}
    return all(is_so[field] == value for field, value in target.items())


def _apply(where: Path, resource: dict[str, Any], operation: Mapping[str, Any]) -> None:
    pointer = str(operation.get("path"))
    if set(operation) != {"op", "path", "value"} or operation["op"] not in ("add", "replace"):
        raise ManifestError(f"{where}: this tool knows `op: add` and `op: replace`, each with `path` and `value`")
    *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    try:
        node: Any = resource
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if not isinstance(node, dict) or (operation["op"] == "replace" and last not in node):
            raise KeyError(last)
    except (KeyError, IndexError, ValueError, TypeError):
        raise ManifestError(f"{where}: there is nothing at {pointer}") from None
    node[last] = operation["value"]
