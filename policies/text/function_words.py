"""Small words that give a language away: what the language model needs beside it for short and romanised text.

The lists are written by hand from general knowledge of the languages; they are closed classes and need no upkeep.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _words("""
    the and but of at from with without for into onto near behind beside between through across are were
    be been being has have does did not this that these those there here it its she they them his her
    their him you your our my who which what where when while how why than then very some any each every
    both other another one two three up down out off about against during before after around wearing
    holding looking standing sitting walking show shows create generate make draw image picture photo
    video
""")
"""English function words, and the verbs and nouns that prompts begin with; without those that are as frequent in another
European language ("no", "as", "me", "to", "in")."""

ROMANISED: dict[str, frozenset[str]] = {
    "hi-Latn": _words("""
        hai hain ka ki ke ko se mein main nahi nahin aur ye yeh wo woh sab kya kyu kyun karo karna karte
        karta karti tum tumhare tera teri tere mera meri mere hum apne apna apni ek bhi toh koi kisi ho hota
        hoti hote raha rahi rahe gaya gayi gaye tha thi unko unke inko inke iske uske liye wala wale wali
        logon log sabhi chahiye aise jaise bahut kuch jab tab par pe hi na mujhe tujhe
    """),
    "ru-Latn": _words("""
        ya eto kak chto kto ona oni vy menya tebya ego yego eyo moya moi moy moyu tvoya tvoi svoyu svoi dlya ochen tozhe
        kogda gde kuda pochemu zachem chtoby budet byl byla bylo yest net nado nuzhno mozhno nelzya esli tolko uzhe eshche
        ili pod nad cherez posle pered mezhdu kotoryy kotoraya sdelat pokazhi sdelay narisuy devushka muzhchina zhenshchina
    """),
    "ar-Latn": _words("""
        ana inta enta enti inti howa huwa heya hiya ehna nahnu homma fi min ala 3ala ila ela mesh mish mosh msh wesh shu
        kif kaif keif leh leesh lesh ay eh eih kol kull wala yalla ya3ni yaani 3ayez 3ayz 3ayza 3and 3andi bas hada haza
        hatha hadi hadha dah deh illi elli allah al el wa ma3 maa ba3d abl kan kanat lazem mumkin
    """),
    "sw": _words("""
        ya wa na kwa ni katika jinsi gani kuwa yangu yako yake wangu wako wake mtu watu nini ninaweza naweza
        unaweza je kama au hii hiyo huyo huu ili bila cha vya za la kuna mimi wewe yeye sisi wao nina kutoka
        baada kabla sana tu pia lakini hapa mwa kwenye
    """),
    "jv": _words("""
        aku kowe sing lan ing saka karo kanggo apa piye kepiye carane iku iki ora wong bisa ana yen menyang
        awakmu dheweke kabeh akeh nanging utawa kudu arep wis durung marang dening supaya dadi nganggo
    """),
}
"""Function words of languages that fastText's lid.176 misses in Latin letters: romanised Hindi, Russian, Arabic, and Swahili,
Javanese. A language in borrowed letters carries "-Latn"."""
