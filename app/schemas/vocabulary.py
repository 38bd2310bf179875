"""The vocabulary of the search: general words that belong to no single record."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from app.schemas.common import FoodSourceRef, Model

Phrase = Annotated[str, StringConstraints(pattern=r"^[^\W_A-Z]+( [^\W_A-Z]+)*$", max_length=40)]
Letters = Annotated[str, StringConstraints(pattern=r"^[^\W\d_A-Z]+$", max_length=40)]


class Intent(StrEnum):
    """What a query asks for, beside what it names."""

    definition = "definition"
    cause = "cause"
    sign = "sign"
    relief = "relief"
    food = "food"
    amount = "amount"
    deficiency = "deficiency"
    excess = "excess"
    interaction = "interaction"
    doctor = "doctor"
    duration = "duration"
    test = "test"


class Vocabulary(Model):
    """`vocabulary.toml`: how the search reads words. Every word is in lower case."""

    stop_words: list[Letters] = Field(default=[], description="Words that carry no meaning for the search.")
    weak_words: list[Letters] = Field(default=[], description="Words that count little; no record must hold them.")
    question_words: list[Letters] = Field(default=[], description="First words that make a query a question.")
    closed_question_words: list[Letters] = Field(
        default=[], description="First words of a question that is answered by yes or no: it asks for no list of foods."
    )
    negations: list[Phrase] = Field(default=[], description='Take out what follows: "calcium without dairy".')
    negation_suffixes: list[Letters] = Field(default=[], description='Take out what stands before: "dairy-free".')
    negation_prefixes: list[Letters] = Field(default=[], description='Take out the next word: "non-dairy".')
    food_words: list[Phrase] = Field(default=[], description="Words that ask for food.")
    intents: dict[Intent, list[Phrase]] = Field(default={}, description="What a query asks for -> words that ask it.")
    units: list[Letters] = Field(default=[], description="Units, which may look like chemical symbols.")
    quantity_words: list[Letters] = Field(default=[], description="Words after which a unit stands, as a number.")
    synonyms: list[Annotated[list[Phrase], Field(min_length=2)]] = Field(
        default=[], description="Words that stand for one another everywhere; the first stands for all."
    )
    diets: dict[Letters, list[FoodSourceRef]] = Field(default={}, description="The food sources a diet leaves out.")
    ingredients: dict[Letters, list[FoodSourceRef]] = Field(
        default={}, description="A food or group of foods -> other foods that contain it: taken out with it."
    )
    persons: dict[Letters, dict[str, str]] = Field(
        default={}, description="A word for a person -> the parameters by which /intakes shows their amounts."
    )
    spellings: dict[Letters, Letters] = Field(default={}, description="A spelling -> the one that stands for it.")
    spelling_fragments: dict[Letters, Letters] = Field(
        default={}, description="Part of a word -> how the other spelling writes it."
    )
