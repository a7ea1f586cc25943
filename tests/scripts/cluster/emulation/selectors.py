"""Which objects a request selects."""

from typing import Any


def matches(obj: dict[str, Any], labels: str, field: str) -> bool:
    """Whether the object has the labels (`a=b,c!=d,e,!f,g in (h, i)`) and the fields (`metadata.name=x`)."""
    return all(_has_label(obj, term) for term in _terms(labels)) and all(
        _has_field(obj, term) for term in _terms(field)
    )


def _terms(selector: str) -> list[str]:
    terms, depth = [""], 0
    for character in selector:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            terms.append("")
        else:
            terms[-1] += character
    return [term.strip() for term in terms if term.strip()]


def _has_label(obj: dict[str, Any], term: str) -> bool:
    labels = obj["metadata"].get("labels") or {}
    if " in (" in term or " notin (" in term:
        name, _, rest = term.partition(" ")
        chosen = {value.strip() for value in rest.partition("(")[2].rstrip(")").split(",")}
        return (labels.get(name) in chosen) == rest.startswith("in")
    if "!=" in term:
        name, _, value = term.partition("!=")
        return bool(labels.get(name) != value)
    if "=" in term:
        name, _, value = term.replace("==", "=").partition("=")
        return bool(labels.get(name) == value)
    return term[1:] not in labels if term.startswith("!") else term in labels


def _has_field(obj: dict[str, Any], term: str) -> bool:
    path, _, value = term.partition("=")
    place: Any = obj
    for key in path.split("."):
        place = (place or {}).get(key)
    return bool(place == value)
