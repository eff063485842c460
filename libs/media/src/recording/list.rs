//! What a recording's playlist names, in order.

/// One segment of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub msn: u64,
    /// The init it needs.
    pub init: u64,
    pub starts_ms: i64,
    pub length_ms: i64,
}

impl Listed {
    pub(crate) fn file(&self) -> String {
        format!("s{}.m4s", self.msn)
    }
}

/// Reads `vod.m3u8`. Segments that were lost are left out.
pub(crate) fn read(text: &str) -> Vec<Listed> {
    let mut all = Vec::new();
    let (mut init, mut starts_ms, mut length_ms, mut lost) = (None, 0, 0, false);
    for text in text.lines() {
        let (tag, value) = text.split_once(':').unwrap_or((text, ""));
        match tag {
            "#EXT-X-MAP" => {
                let name = value.trim_start_matches("URI=\"").trim_end_matches('"');
                init = super::number(name, 'i', ".mp4");
            }
            "#EXT-X-PROGRAM-DATE-TIME" => {
                if let Ok(at) = value.parse::<jiff::Timestamp>() {
                    starts_ms = at.as_millisecond();
                }
            }
            "#EXTINF" => {
                let seconds: f64 = value.trim_end_matches(',').parse().unwrap_or_default();
                length_ms = (seconds * 1000.0).round() as i64;
            }
            "#EXT-X-GAP" => lost = true,
            _ if !tag.starts_with('#') => {
                let msn = super::number(text, 's', ".m4s").filter(|_| !lost);
                if let (Some(msn), Some(init)) = (msn, init) {
                    all.push(Listed { msn, init, starts_ms, length_ms });
                }
                (starts_ms, lost) = (starts_ms + length_ms, false);
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_segments_are_left_out_and_each_knows_its_init() {
        let text = "#EXTM3U\n#EXT-X-MAP:URI=\"i0.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:01.500Z\n\
                    #EXTINF:2.00000,\ns0.m4s\n#EXT-X-GAP\n#EXTINF:2.00000,\ns1.m4s\n#EXT-X-DISCONTINUITY\n\
                    #EXT-X-MAP:URI=\"i1.mp4\"\n#EXTINF:1.00000,\ns2.m4s\n#EXT-X-ENDLIST\n";
        let second = Listed { msn: 2, init: 1, starts_ms: 5_500, length_ms: 1_000 };
        assert_eq!(read(text), [Listed { msn: 0, init: 0, starts_ms: 1_500, length_ms: 2_000 }, second]);
    }
}
