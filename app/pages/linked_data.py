"""What a page says to machines by schema.org, as JSON-LD."""

from collections.abc import Mapping
from typing import Any

from app.api.exports import faq_page
from app.schemas.common import Kind

TYPES = {"symptom": "MedicalSymptom", "sign": "MedicalSign", "condition": "MedicalCondition"}
"""schema.org's class of what a symptom of each type is; whatever else a record is about is a `Thing`."""

USUAL_NAMES = 5
"""How many of a record's other names are shown: the usual ones come first, wordings of a search after them."""


def linked_data(
    path: str, kind: Kind | None, content: Mapping[str, Any], dataset: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The JSON-LD of a record, or of the dataset; none for lists."""
    if path == "/dataset":
        return _dataset(dataset)
    if kind is None or "url" not in content:
        return None
    if kind.name == "faq_entry":
        return faq_page([dict(content)], dict(dataset), {})
    about: dict[str, Any] = {"@type": TYPES.get(content.get("type", ""), "Thing"), "name": content["name"]}
    exact = [item["url"] for item in content.get("same_as", ()) if item["match"] == "exact"]
    if exact:
        about["sameAs"] = exact
    if content.get("aliases"):
        about["alternateName"] = content["aliases"][:USUAL_NAMES]
    return {
        "@context": "https://schema.org",
        "@type": "MedicalWebPage",
        "@id": content["url"],
        "name": content["name"],
        "inLanguage": dataset["language"],
        "license": dataset["licence_url"],
        "lastReviewed": content["last_reviewed"],
        "about": about,
        "isPartOf": {
            "@type": "Dataset",
            "@id": "/dataset",
            "name": dataset["title"],
            "description": dataset["description"],
        },
    }


def _dataset(dataset: Mapping[str, Any]) -> dict[str, Any]:
    collections = [key.replace("_", "-") for key in dataset["counts"]]
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": "/dataset",
        "name": dataset["title"],
        "description": dataset["description"],
        "version": dataset["version"],
        "datePublished": dataset["released"],
        "inLanguage": dataset["language"],
        "license": dataset["licence_url"],
        "isAccessibleForFree": True,
        "distribution": [
            {"@type": "DataDownload", "contentUrl": f"/{name}.csv", "encodingFormat": "text/csv", "name": name}
            for name in collections
        ],
    }
