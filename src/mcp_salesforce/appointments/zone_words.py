"""What people call time zones, and the zones that they may mean by it: for a question, never for a guess.

Abbreviations say an offset as well as a place's time, and several share one. Places are those without a zone of their
own name.
"""

from typing import Final

_MEANT: Final = """
et, eastern, us eastern: America/New_York
est: America/New_York, UTC-05:00
edt: America/New_York, UTC-04:00
ct, central, us central: America/Chicago
cst: America/Chicago, Asia/Shanghai, UTC-06:00
cdt: America/Chicago, UTC-05:00
mt, mountain, us mountain: America/Denver, America/Phoenix
mst: America/Denver, America/Phoenix
mdt: America/Denver, UTC-06:00
pt, pacific, us pacific: America/Los_Angeles
pst: America/Los_Angeles, UTC-08:00
pdt: America/Los_Angeles, UTC-07:00
akst, akdt, alaska: America/Anchorage
hast, hawaii: Pacific/Honolulu
ast: America/Halifax, America/Puerto_Rico, Asia/Riyadh
adt, atlantic: America/Halifax
nst, ndt, newfoundland: America/St_Johns
uk, england, scotland, wales, british, british summer: Europe/London
bst: Europe/London, Asia/Dhaka
irish: Europe/Dublin
west, western european: Europe/Lisbon
cest, mez, mesz, central european, central european summer: Europe/Berlin, Europe/Paris
eest, eastern european, eastern european summer: Europe/Athens, Europe/Helsinki
msk: Europe/Moscow
trt: Europe/Istanbul
ist: Asia/Kolkata, Asia/Jerusalem, Europe/Dublin
gst, gulf: Asia/Dubai
pkt: Asia/Karachi
npt: Asia/Kathmandu
ict: Asia/Bangkok, Asia/Ho_Chi_Minh
wib: Asia/Jakarta
sgt: Asia/Singapore
hkt: Asia/Hong_Kong
pht: Asia/Manila
jst: Asia/Tokyo
kst: Asia/Seoul
awst: Australia/Perth
acst: Australia/Adelaide, Australia/Darwin
acdt: Australia/Adelaide
aest: Australia/Sydney, Australia/Brisbane
aedt: Australia/Sydney, Australia/Melbourne
nzst, nzdt: Pacific/Auckland
sast: Africa/Johannesburg
cat: Africa/Maputo, Africa/Johannesburg
eat: Africa/Nairobi
wat: Africa/Lagos
brt: America/Sao_Paulo
clt, clst: America/Santiago
z, zulu: UTC
nyc, new york city, manhattan, brooklyn, dc, washington dc: America/New_York
la, sf, bay area: America/Los_Angeles
arizona: America/Phoenix
victoria: America/Vancouver, Australia/Melbourne
kelowna, surrey, burnaby, kamloops, nanaimo: America/Vancouver
saskatoon, saskatchewan: America/Regina
st johns, saint johns: America/St_Johns
nova scotia: America/Halifax
germany, deutschland: Europe/Berlin
austria, österreich: Europe/Vienna
switzerland, schweiz: Europe/Zurich
france: Europe/Paris
italy: Europe/Rome
spain: Europe/Madrid, Atlantic/Canary
netherlands: Europe/Amsterdam
india: Asia/Kolkata
china: Asia/Shanghai
canada: America/Toronto, America/Winnipeg, America/Edmonton, America/Vancouver
mexico: America/Mexico_City, America/Tijuana
brazil: America/Sao_Paulo, America/Manaus
australia: Australia/Sydney, Australia/Brisbane, Australia/Adelaide, Australia/Perth
russia: Europe/Moscow, Asia/Novosibirsk, Asia/Vladivostok
san juan: America/Puerto_Rico, America/Argentina/San_Juan
cordoba, córdoba: America/Argentina/Cordoba, Europe/Madrid
usa: America/New_York, America/Chicago, America/Denver, America/Los_Angeles
munich, münchen, frankfurt, hamburg, cologne, köln, stuttgart, düsseldorf, leipzig: Europe/Berlin
wien: Europe/Vienna
geneva, genf, bern, basel, zürich: Europe/Zurich
milan, milano, florence, naples, turin, venice: Europe/Rome
barcelona, valencia, seville: Europe/Madrid
lyon, marseille, nice, toulouse: Europe/Paris
rotterdam, the hague, utrecht: Europe/Amsterdam
manchester, birmingham, edinburgh, glasgow, leeds, liverpool, bristol, cardiff: Europe/London
cork, galway: Europe/Dublin
gothenburg, malmö: Europe/Stockholm
krakow, kraków, gdansk, lublin: Europe/Warsaw
kiev: Europe/Kyiv
st petersburg, saint petersburg: Europe/Moscow
boston, washington, philadelphia, miami, atlanta, orlando, pittsburgh, charlotte, cleveland: America/New_York
houston, dallas, austin, new orleans, minneapolis, milwaukee, nashville, memphis, st louis: America/Chicago
salt lake city, albuquerque: America/Denver
san francisco, seattle, san diego, las vegas, sacramento, silicon valley: America/Los_Angeles
portland: America/Los_Angeles, America/New_York
california, oregon, nevada: America/Los_Angeles
texas: America/Chicago, America/Denver
florida: America/New_York, America/Chicago
british columbia: America/Vancouver
calgary, alberta: America/Edmonton
manitoba: America/Winnipeg
ottawa, montreal, montréal, quebec, ontario: America/Toronto
rio, rio de janeiro, brasilia, são paulo: America/Sao_Paulo
delhi, new delhi, mumbai, bombay, bangalore, bengaluru, chennai, hyderabad, pune: Asia/Kolkata
beijing, peking, shenzhen, guangzhou: Asia/Shanghai
osaka, kyoto, tokio: Asia/Tokyo
tel aviv: Asia/Jerusalem
abu dhabi: Asia/Dubai
canberra: Australia/Sydney
wellington, christchurch: Pacific/Auckland
cape town, pretoria, durban: Africa/Johannesburg
"""

MEANT: Final = {
    word.strip(): tuple(zones.strip().split(", "))
    for words, zones in (line.split(":", 1) for line in _MEANT.strip().splitlines())
    for word in words.split(",")
}
"""Zones (IANA names and offsets) by what people call them, folded."""

MISREAD: Final = frozenset({"est", "mst"})
"""IANA's own names that most people use for another zone: these are Panama's and Phoenix's, the whole year."""
