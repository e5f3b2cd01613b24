"""The subjects that a restriction can speak of: how people say them, which policy category they are, and which words betray them.

A subject without a category is checked by its words alone; one with a category by the classifier's findings too. The category
names are those of the content policy. Words that mean other things in a film prompt ("shot", "beat", "smoke") are left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """`said`: phrases that mean it, lower case. `words`: whole words that show it in a prompt, a trailing `*` for any ending."""

    name: str
    said: frozenset[str]
    words: tuple[str, ...]
    category: str = ""


def _subject(name: str, said: str, words: str, category: str = "") -> Subject:
    return Subject(
        name, frozenset(said.split("|")) | {name.replace("_", " ")}, tuple(words.split()), category
    )


SUBJECTS: tuple[Subject, ...] = (
    _subject(
        "violence",
        "violent scenes|violent content|violent videos|fighting|fights|gore|blood|killing|murder",
        "violen* fight* punch* stab* gunshot* murder* kill* blood* gore gory torture* attack*",
        "violence",
    ),
    _subject(
        "sexual",
        "sex|sexual content|sexual scenes|nudity|naked|nude scenes|nudes|porn|erotic content|anything sexual|lingerie",
        "sex sexual* sexy naked nude* nudity porn* erotic* lingerie topless undress* striptease",
        "sexual",
    ),
    _subject(
        "politics",
        "political content|political messages|political ads|elections|campaigning|anything political|political parties",
        "politic* election* vote* voting campaign* candidate* senator* minister* president* parliament* protest*",
        "politics",
    ),
    _subject(
        "hate",
        "hate speech|racism|racist content|anything racist|sexism",
        "racis* nazi* sexis* slur*",
        "hate",
    ),
    _subject(
        "self_harm",
        "suicide|self-harm|anything about suicide",
        "suicid* self-harm* overdos* anorexi*",
        "self_harm",
    ),
    _subject(
        "shock", "disgusting content|gross content|gross-out", "vomit* feces excrement disgust*", "shock"
    ),
    _subject(
        "harassment",
        "insults|bullying|mockery|humiliation",
        "insult* bully* bullie* mock* humiliat*",
        "harassment",
    ),
    _subject(
        "alcohol",
        "drinking|drinking alcohol|beer|wine|being drunk|drunk",
        "alcohol* beer beers wine wines whisky whiskey vodka rum gin tequila cocktail* champagne drunk* booze pub brewery",
    ),
    _subject(
        "tobacco",
        "smoking|cigarettes|vaping|smoke",
        "tobacco smoking cigarette* cigar* vape* vaping hookah",
    ),
    _subject(
        "drugs",
        "drug use|illegal drugs|narcotics",
        "drug* cocaine heroin cannabis marijuana meth lsd ecstasy",
    ),
    _subject(
        "gambling",
        "betting|casinos|casino|poker",
        "gambl* casino* poker roulette lottery blackjack",
    ),
    _subject(
        "weapons",
        "guns|firearms|knives|weapon",
        "weapon* gun* pistol* rifle* revolver* sword* grenade* bomb* firearm*",
    ),
    _subject(
        "religion",
        "religious content|religious scenes|anything religious",
        "religio* church* mosque* temple* synagogue* pray* priest* imam* rabbi* god jesus allah bible quran",
    ),
    _subject(
        "advertising",
        "ads|adverts|commercials|advertisements|endorsements",
        "advert* commercial* promotion* sponsor* endors* discount*",
    ),
)

NEGATIONS: tuple[str, ...] = (
    "please do not show me with", "please don't show me with", "do not show me with", "don't show me with",
    "do not show me in", "don't show me in", "do not show me", "don't show me", "do not use me for", "don't use me for",
    "do not use me in", "don't use me in", "not to be used for", "never show me with", "never show me in", "never show me",
    "never with", "never in", "never for", "never", "not with", "not in", "not for", "not", "nothing with", "no scenes with",
    "no scenes of", "no videos with", "no videos about", "without", "no",
)  # fmt: skip
"""Longest first: what may stand before a subject for the clause to be a refusal of it."""
