"""What the words around a name say about it: shown, only mentioned, only a style, or somebody who shares the name.

The policy judges what the finished video would show or say. A street, a prize, a book about somebody or a painter's style
shows nobody. Only the words that touch the name count, so that no remark elsewhere in a prompt can talk a name away.
"""

import re
from typing import Final, Literal

from consent.naming.common import word_set

Use = Literal["shown", "style", "mentioned"]

_PLACE: Final = word_set(
    "memorial monument boulevard blvd avenue ave plaza parkway highway airport stadium arena bridge university academy "
    "library museum institute institution hospital foundation prize award awards medal scholarship theorem equation equations "
    "constant crater telescope dam glacier auditorium"
)
"""Words that make a thing of the name before them, however they are written."""

_CAPITAL_PLACE: Final = word_set(
    "street road lane drive square park center centre tower towers tunnel college school law laws effect river lake bay cape "
    "mountain mount island islands forest hotel casino building hall theatre theater station terminal county city state dc "
    "motors car cars coil dynasty day fund trust act doctrine plan card ave st"
)
"""Words that do so only with a capital letter: "Donald Trump Street", but not "Donald Trump street dancing"."""

_BEFORE_MENTION: Final = re.compile(
    r"(?:\b(?:books?|biography|autobiography|memoirs?|novels?|essays?|articles?|lectures?|poems?|thes[ie]s|papers?|podcasts?"
    r"|chapters?|quotes?|quotations?|lyrics|songs?|music|albums?|playlist|letters?|recipes?)\s+(?:about|on|of|by|from|for)"
    r"|\b(?:named|titled|dedicated)\s+(?:after|for|to|in honou?r of)|\b(?:fans?|admirers?|supporters?|students?|critics?)\s+of"
    r"|\b(?:think|thinks|thinking|talk|talks|talking|read|reads|reading|learn|learns|learning|discuss|discusses|discussing"
    r"|debating|hear|hears|heard|writing|writes|knows|know)\s+(?:about|of|on)"
    r"|\b(?:written|composed|designed|invented|discovered|founded|signed|produced|penned)\s+by"
    r"|\bword|\bnames?)\s+(?:the\s+)?(?:late\s+)?$"
)
_BEFORE_STYLE: Final = re.compile(
    r"(?:\b(?:styles?|manner|aesthetics?|vein|spirit)\s+(?:of|by)|\b(?:inspired|influenced)\s+by|\b(?:a la|"
    r"reminiscent of|homage to|styled after|styled like)|\b(?:paintings?|painted|art|artwork|artworks|illustrat\w+|drawings?"
    r"|drawn|sculptures?|photographs?|photography|photographed|prints?|murals?|sketch\w*|watercolou?rs?|engravings?"
    r"|posters?|comics?|directed|filmed|shot|cinematography|film|movie|animation|anime|design|architecture|concept art)\s+by)"
    r"\s+(?:the\s+)?(?:artists?\s+|painter\s+|director\s+|photographer\s+)?$"
)
_BEFORE_MANNER: Final = re.compile(
    r"\b(?:danc|mov|sing|fight|jump|runn?|play|rapp?|kick|box)(?:e|es|s|ing|ed)?\s+like\s+$"
)
_BEFORE_BY: Final = re.compile(r"(?<!ed )(?<!en )\bby\s+(?:the\s+)?(?:artist\s+)?$")
_BEFORE_AND: Final = re.compile(r"^\s+(?:and\s+|x\s+|by\s+|style of\s+|and\s+by\s+)?$")
_AFTER_STYLE: Final = re.compile(
    r"(?:\s+s)?(?:\s+(?:art|painting|paintings|artistic|visual|cubism|surrealism|cinematic|famous|signature|iconic|own|\w+ist))?"
    r"\s+(?:styles?|styled|stylized|aesthetics?|inspired|like style|esque|art style|palette|brush\w*|technique|vibe|vibes)\b"
)
_AFTER_WORK: Final = re.compile(
    r"(?:\s+s)?\s+(?:paintings?|painting of|art|artwork|drawing|sculptures?|mural|movies?|photography|photographs?"
    r"|animation|cubism|surrealism|impressionism|pop art|masterpiece|canvas|gallery|exhibition|symphony|sonata|concerto)\b"
)
_BEFORE_NAMESAKE: Final = re.compile(
    r"\b(?:my|our|his|her|their)\s+(?:\w+\s+)?(?:neighbou?rs?|friend|cousin|uncle|aunt|brother|sister|dad|mom|mum|father|mother"
    r"|boss|colleague|coworker|classmate|roommate|teacher|dentist|landlord|son|daughter|dog|cat|plumber|mechanic)\s+$"
    r"|\b(?:blacksmith|plumber|baker|farmer|dentist|accountant|carpenter|electrician|gardener|librarian|postman|mailman"
    r"|janitor|nurse|fisherman|mechanic|butcher|tailor|shopkeeper|boy|girl|dog|cat|puppy|kitten|neighbou?r|villager)"
    r"\s+(?:named|called)\s+$"
)
_AFTER_NAMESAKE: Final = re.compile(
    r"\s+(?:the|a|an|my|our|your|their|from accounting|next door)\s*(?:\w+\s+){0,2}(?:blacksmith|plumber|baker|farmer|dentist"
    r"|accountant|carpenter|electrician|gardener|librarian|postman|mailman|janitor|nurse|fisherman|mechanic|butcher|tailor"
    r"|shopkeeper|villager|neighbou?r|door|accounting|kindergartner|grocer|barber|vet|veterinarian|clerk|bus driver)\b"
)
_CUES: Final = word_set(
    "singer rapper musician guitarist drummer dj band concert concerts stage tour album singing sings sang rapping raps "
    "performing performs performed performance song songs mic microphone interview interviewed speech speaking speaks "
    "president senator congressman congresswoman governor politician candidate minister chancellor actor actress celebrity "
    "celebrities famous star superstar popstar footballer player striker quarterback athlete wrestler boxer champion coach "
    "director ceo billionaire influencer streamer youtuber deepfake lookalike impersonator impersonating starring featuring "
    "feat ft vs versus paparazzi grammy grammys oscar oscars coachella podium rally keynote press conference biopic "
    "resembling portrait caricature likeness cameo fans wwe ufc nba nfl fifa debate himself herself"
)
_CUE_REACH: Final = 8
_STYLE_FIELDS: Final = word_set(
    "painter artist photographer director illustrator designer architect composer animator sculptor writer filmmaker"
)


def use_of(
    before: str,
    after: str,
    *,
    names_thing: bool,
    fields: frozenset[str],
    shares_name: bool,
    follows_style: bool,
) -> Use:
    """How a name is used, from the folded text before and after it.

    Mentioned: it names a place or a thing (`names_thing`), or stands after "a book about" and the like; or it is a name that
    many bear (`shares_name`) and the words beside it say whose. Style: of anyone after "in the style of", and of artists also
    in "by" and "a … painting"; or it follows another style in a list. Shown: everything else.
    """
    if _AFTER_STYLE.match(after) or _BEFORE_STYLE.search(before) or _BEFORE_MANNER.search(before):
        return "style"
    if names_thing or _BEFORE_MENTION.search(before):
        return "mentioned"
    if shares_name and (_BEFORE_NAMESAKE.search(before) or _AFTER_NAMESAKE.match(after)):
        return "mentioned"
    artist = bool(fields & _STYLE_FIELDS)
    if artist and (follows_style or _AFTER_WORK.match(after) or _BEFORE_BY.search(before)):
        return "style"
    return "shown"


def makes_a_thing(word: str, capital: bool) -> bool:
    """Whether `word`, standing right after a name, makes a place or a thing of it."""
    return word in _PLACE or (capital and word in _CAPITAL_PLACE)


def joins_list(between: str) -> bool:
    """Whether two names with `between` (folded) between them stand in one list: "by Monet and Renoir"."""
    return _BEFORE_AND.match(between) is not None


def has_cue(words: list[str], first: int, last: int) -> bool:
    """Whether a word that speaks of fame or of a performance stands within eight words of words `first` to `last`."""
    near = words[max(0, first - _CUE_REACH) : first] + words[last + 1 : last + 1 + _CUE_REACH]
    return not _CUES.isdisjoint(near)
