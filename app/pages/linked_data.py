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
    common = {"@context": "https://schema.org", "inLanguage": dataset["language"], "license": dataset["licence_url"]}
    whole = {"@type": "Dataset", "@id": "/dataset", "name": dataset["title"], "description": dataset["description"]}
    if path == "/dataset":
        names = [key.replace("_", "-") for key in dataset["counts"]]
        return {
            **common,
            **whole,
            "version": dataset["version"],
            "datePublished": dataset["released"],
            "isAccessibleForFree": True,
            "distribution": [
                {"@type": "DataDownload", "contentUrl": f"/{name}.csv", "encodingFormat": "text/csv", "name": name}
                for name in names
            ],
        }
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
        **common,
        "@type": "MedicalWebPage",
        "@id": content["url"],
        "name": content["name"],
        "lastReviewed": content["last_reviewed"],
        "about": about,
        "isPartOf": whole,
    }
