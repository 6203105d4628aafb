"""Stars in the bytes of sidecars as several programs write them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from proportrait.rank.outputs import xmp

LIGHTROOM = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:Rating="2"
   xmp:Label="Red &amp; &quot;loud&quot;"
   crs:Exposure2012="+0.35">
   <crs:ToneCurve><rdf:Seq><rdf:li>0, 0</rdf:li></rdf:Seq></crs:ToneCurve>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
DIGIKAM = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
   digiKam:PickLabel="3">
   <digiKam:TagsList><rdf:Seq><rdf:li>M\xc3\xbcller</rdf:li></rdf:Seq></digiKam:TagsList>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
EXIFTOOL = b"""<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 13.10'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>

 <rdf:Description rdf:about=''
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
  <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>1 &gt; 0</rdf:li></rdf:Alt></dc:title>
 </rdf:Description>

 <rdf:Description rdf:about=''
  xmlns:basic='http://ns.adobe.com/xap/1.0/'>
  <!-- <basic:Rating>5</basic:Rating> -->
  <basic:Rating>-1</basic:Rating>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end='w'?>"""
FOREIGN = {"Lightroom": (LIGHTROOM, "2"), "digiKam": (DIGIKAM, None), "exiftool": (EXIFTOOL, "-1")}


def rating(data: bytes) -> list[str]:
    """As another parser reads it."""
    name = f"{{{xmp.XMP}}}Rating"
    ratings = []
    for entry in ET.fromstring(data).iter(f"{{{xmp.RDF}}}Description"):
        ratings += [entry.attrib[name]] if name in entry.attrib else []
        ratings += [child.text or "" for child in entry.iter(name)]
    return ratings


def test_a_new_sidecar_holds_stars_alone() -> None:
    data = xmp.new(4)
    assert rating(data) == ["4"]
    assert xmp.stars_of(data) == 4
    assert xmp.rating_of(data) == "4"
    assert xmp.new(4) == data


@pytest.mark.parametrize(("data", "before"), FOREIGN.values(), ids=FOREIGN)
def test_of_a_foreign_sidecar_the_rating_alone_changes(data: bytes, before: str | None) -> None:
    changed = xmp.rated(data, 5)
    assert rating(changed) == ["5"]
    assert (xmp.stars_of(data), xmp.stars_of(changed)) == (None, 5)
    mark = 'proportrait:Stars="5"' + (f' proportrait:Before="{before}"' if before else "")
    assert mark.encode() in changed
    lines = zip(data.splitlines(), changed.splitlines(), strict=True)
    # The end of the first description's tag, and the line of the rating.
    assert sum(one != other for one, other in lines) == (1 if before is None else 2)


@pytest.mark.parametrize(("data", "before"), FOREIGN.values(), ids=FOREIGN)
def test_what_was_written_can_be_taken_away(data: bytes, before: str | None) -> None:
    there = xmp.rated(data, 5)
    again = xmp.rated(there, 3)
    assert (rating(again), xmp.stars_of(again)) == (["3"], 3)
    assert again.count(b"Stars") == 1
    back = xmp.unrated(there)
    assert xmp.rating_of(back) == before
    assert xmp.OURS.encode() not in back
    assert back.replace(b' xmlns:xmp="http://ns.adobe.com/xap/1.0/"', b"") == data.replace(
        b' xmlns:xmp="http://ns.adobe.com/xap/1.0/"', b""
    )


@pytest.mark.parametrize(("data", "before"), FOREIGN.values(), ids=FOREIGN)
def test_a_rating_that_the_user_has_changed_since_stays(data: bytes, before: str | None) -> None:
    del before
    there = xmp.rated(data, 5).replace(b'Rating="5"', b'Rating="1"')
    there = there.replace(
        b"<basic:Rating>5</basic:Rating>\n </rdf", b"<basic:Rating>1</basic:Rating>\n </rdf"
    )
    assert xmp.rating_of(there) == "1"
    assert xmp.rating_of(xmp.unrated(there)) == "1"


def test_a_mark_that_another_program_has_written_anew_is_known() -> None:
    data = DIGIKAM.replace(
        b"  </rdf:Description>\n",
        b'   <p:Stars xmlns:p="urn:proportrait:rank#">4</p:Stars>\n'
        b'   <b:Rating xmlns:b="http://ns.adobe.com/xap/1.0/">4</b:Rating>\n  </rdf:Description>\n',
    )
    assert xmp.stars_of(data) == 4
    assert xmp.rating_of(xmp.unrated(data)) is None
    assert rating(xmp.rated(data, 2)) == ["2"]


def test_a_prefix_that_means_something_else_is_not_taken() -> None:
    data = DIGIKAM.replace(b"digiKam", b"xmp").replace(b"xmp.org/ns", b"digikam.org/ns")
    changed = xmp.rated(data, 5)
    assert rating(changed) == ["5"]
    assert xmp.rating_of(changed) == "5"


def test_no_deeper_description_counts() -> None:
    inner = b'<dc:x xmlns:dc="d:"><rdf:Description b:Rating="1" xmlns:b="%b"/></dc:x>'
    data = DIGIKAM.replace(b"  </rdf:Desc", inner % xmp.XMP.encode() + b"</rdf:Desc")
    assert xmp.rating_of(data) is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no XML"),
        (b"<x:xmpmeta", "no XML"),
        (b"<html/>", "no rdf:Description"),
        (LIGHTROOM.decode().encode("utf-16"), "UTF-16"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + LIGHTROOM, "document type"),
        (EXIFTOOL.replace(b"<basic:Rating>-1</basic:Rating>", b"<basic:Rating/>"), "is empty"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(xmp.NoSidecar, match=why):
        xmp.rated(data, 3)
