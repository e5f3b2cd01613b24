"""The words of the absolute rules for minors: who is a minor, what is sexual, and what only sounds like either.

Patterns are matched on normalised text, ignoring case. They are deliberately about wording that leaves no doubt; softer
wording is the classifier's business. "kid", "baby" or "school play" alone say nothing: a rule needs two of these lists.
"""

import re

_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
_YOUNG_NUMBER = rf"(?:1[0-7]|[1-9]|one|two|three|four|five|six|seven|eight|nine|{_TEENS})"
_SCHOOL = r"(?:(?:middle|elementary|primary|grade|high|nursery|pre)[ -]?school|kindergarten|junior[ -]high)"

MINOR = re.compile(
    rf"""
    \b(?:
      (?<![\d.,]){_YOUNG_NUMBER}[ -]?(?:years?|yrs?)[ -]?olds?
    | (?<![\d.,])1[0-7]\ ?(?:yo|y/o|y\.o\.)
    | (?:aged?|turns|turning)[ :]{{1,2}}(?:only\ |just\ )?{_YOUNG_NUMBER}(?!\d|[.,:]\d|%|[ -](?:hundred
    | thousand|centuries))
    | (?:under|below|younger\ than)[ ](?:the\ age\ of\ )?(?:1[0-8]|eighteen|sixteen)(?!\d
    | [.,:]\d|%|\ (?:minutes|seconds|hours|dollars|degrees))
    | child|children|childrens|kids?|kiddie|kiddy
    | pre-?teens?|tweens?|teens?|teen-?agers?|teen-?aged?|adolescents?|juveniles?
    | under-?aged?|minors|(?:a|the|this|that)\ minor(?=[ ]?(?:[.,;!?]|$|is\b|who\b|and\b|with\b
    | in\b|being\b|having\b))
    | toddlers?|infants?|newborns?|pre-?pubescents?|pubescents?
    | (?:an?|the|this|that|their|newborn|little)\ (?:\w+\ )?(?:baby|babies)(?!\ (?:doll|bump
    | blue|shower|face|grand))
    | (?:little|small|young|tiny)\ (?:\w+\ )?(?:girls?|boys?)
    | school ?-?(?:girls?|boys?|child|children|kids?)|{_SCHOOL}(?:ers?|\ (?:girls?|boys?|students?
    | pupils?|kids?|child|children))
    | (?:[1-9]|1[0-2])(?:st|nd|rd|th)[ -]graders?|(?:first|second|third|fourth|fifth|sixth
    | seventh|eighth|ninth|tenth)[ -]graders?
    | lol[iy]s?|shotas?|girl\ scouts?|boy\ scouts?
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording for somebody who is, or is shown as, under 18."""

SEXUAL = re.compile(
    r"""
    \b(?:
      naked|nudes?|nudity|nudist|topless|bottomless|(?:un|half[ -]?)(?:dressed|clothed)|undress(?:es|ing)?
    | bare[ -](?:breast(?:s|ed)?|butts?|bottoms?|ass|chest(?:ed)?\ girls?)|without\ (?:any\ )?(?:clothes
    | clothing|underwear)
    | sex|sexual(?:ly|i[sz]ed?|i[sz]ing)?|sexy|sexiest|sexting|erotic(?:a|ally)?|porn(?:o
    | ographic|ography)?|hentai|nsfw|xxx
    | masturbat\w*|orgasm\w*|blow ?jobs?|hand ?jobs?|genitals?|genitalia|penis(?:es)?|vaginas?
    | nipples?|boobs?|tits|titties
    | cocks?\ (?:in|out|inside)|dicks?|pussy|cum(?:s|ming|shot)?|cumming|fuck(?:s|ed|ing)?
    | rap(?:e|es|ed|ing)|molest\w*|grop(?:e|es|ed|ing)
    | fondl\w*|incest\w*|lingerie|thongs?|panties|upskirt|strip(?:s|ping)?[ -]?(?:tease|naked
    | nude|dance|club)\w*|stripper
    | seduc\w+|sensual(?:ly)?|horny|arous(?:ed|al|ing)|fetish\w*|bdsm|lewd|lustful(?:ly)?
    | onlyfans|twerk\w*|provocative(?:ly)?
    | intercourse|intimate\ (?:acts?|touching|parts)|private\ parts|make\ love|making\ love|makes\ love
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording that is sexual or sexualising about whoever it is said of."""

ROMANTIC = re.compile(
    r"""
    \b(?:
      romantic(?:ally)?|(?:in|falls?|falling|fell)\ (?:in\ )?love|love\ affair|lovers?|dat(?:es
      | ing)|making\ out|makes?\ out
    | kiss(?:es|ing)?\ (?:\w+\ ){0,3}(?:passionately|on\ the\ (?:lips|mouth))|passionate(?:ly)?\ kiss\w*
    | french\ kiss\w*
    | boyfriend|girlfriend|honeymoon|wedding\ night|marr(?:ies|ied\ to|ying)|brides?
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording for a romance. With a minor and an adult in the same sentence it is absolute."""

ADULT = re.compile(
    r"""
    \b(?:
      (?:grown|adult|older|old|middle-aged|elderly|married)[ -](?:\w+\ )?(?:man|men|woman
      | women|guy|lady|stranger|teacher)|grown-?ups?|adults?
    | (?:[2-9]\d|1[89])[ -]?(?:years?|yrs?)[ -]?old|(?:his|her|the|a|their)\ (?:\w+\ )?(?:teacher
    | coach|priest|uncle|stepfather|boss|professor)
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording for somebody who is plainly grown up."""

HARD = re.compile(
    r"\b(?:lolicon|shotacon|jail ?bait|csam|child[ -]brides?"
    r"|(?:child|kiddie|kiddy|teen|underage|preteen)[ -]?porn(?:o|ography)?)\b",
    re.IGNORECASE,
)
"""Wording that needs nothing beside it."""

INNOCENT = re.compile(
    r"""
    \b(?:
      (?:comprehensive\ )?sex(?:ual)?[ -](?:education|ed|educator|health|wellness|determination
      | chromosomes?|differences|orientation|hormones|trafficking|offenders?|predators?)
    | (?:same|opposite|fair(?:er)?|either|biological)[ -]sex|sex\ of\ (?:the|a|an|their|her)
    | sexual\ (?:reproduction|dimorphism|orientation|maturity)|safe\ sex
    | naked\ (?:mole[ -]rats?|eyes?|flames?|truth|branches|trees?|bulbs?|juice)|nude[ -](?:colou?r(?:ed)?
    | lipstick|tones?|shades?|heels|palette|nails)
    | breast[ -]?fe(?:d|eds?|eding)|nursing\ (?:mothers?|bottle)|(?:goat|stand|card|play|joking)[ ]kids?
    | kids?\ goats?|inner\ child|child[ -]?like
    | date\ (?:palms?|fruits?)|(?:play|due|birth)[ -]?dates?|in\ love\ with\ (?:reading|music
    | drawing|nature|science|dinosaurs|books?|dancing|animals|football|soccer)
    | no\ (?:\w+\ )?(?:children|kids|minors|nudity|sex|teens)|not\ (?:a\ )?(?:child|minor
    | kid|teen(?:ager)?)s?|without\ (?:children|kids|minors|nudity)
    | (?:kids?|children)'?s?\ (?:'?tv|menu|section|room\ wallpaper)|moby[ -]dick|dick\ van\ dyke
    | spotted\ dick|pussy[ -]?(?:cats?|willows?|foot)|cum\ laude
    | strip\ (?:mall|light|of)|half-?naked\ (?:trees?|branches)|flower\ girls?|ring\ bearers?
    | bride\ and\ groom|brides?maids?|bride's\ \w+
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording that contains one of the words above and means none of it; blanked before the rules look."""

PROTECTIVE = re.compile(
    r"""
    \b(?:
      prevent\w*|protect\w*|awareness|hotlines?|helplines?|survivors?|against|combat(?:s|ing)?
      | fight(?:s|ing)?|stop(?:s|ping)?
    | report(?:s|ing)?|investigat\w*|arrest\w*|convict\w*|trial|court|law|charity|shelter
    | counsell?\w*|therap\w+|recover\w*|educat\w+
    | news|documentary|campaign|police|doctors?|medical|nurses?|statistics|ban(?:s|ned|ning)?|victims?
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Wording of protection, news and help. It turns a match about abuse into a question for a person; nudity stays a match."""

ABUSE = re.compile(
    r"\b(?:sexual(?:ly)?|sex|rap(?:e|es|ed|ing)|molest\w*|incest\w*|grop\w+|porn\w*|intercourse|csam|brides?|sexting|seduc\w+)\b",
    re.IGNORECASE,
)
"""Sexual words that protection and news speak of; nudity and arousal are not among them."""

_PARTS_OF_MINOR = (
    "old", "1", "age", "turn", "under", "below", "younger", "child", "kid", "teen", "tween", "adolescent", "juvenile",
    "minor", "toddler", "infant", "newborn", "pubescent", "bab", "girl", "boy", "school", "kindergarten", "junior", "grader",
    "lol", "shota", "scout",
)  # fmt: skip
_PARTS_OF_HARD = ("lol", "shota", "bait", "csam", "child", "kid", "teen", "under")
_PARTS = tuple(dict.fromkeys((*_PARTS_OF_MINOR, *_PARTS_OF_HARD)))


def speaks_of_minors(text: str) -> bool:
    """False only where neither `MINOR` nor `HARD` can match: a twentieth of the time of asking them.

    Each of their alternatives holds one of `_PARTS` as it stands, and blanking `INNOCENT` wording adds no letters. Outside ASCII
    "ignoring case" has rules of its own (ſ is an s): then the patterns themselves are asked.
    """
    if not text.isascii():
        return True
    lower = text.lower()
    return any(part in lower for part in _PARTS)
