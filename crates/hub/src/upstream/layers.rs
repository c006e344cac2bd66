//! Headers of one request from several places: the settings, the connection, the message, the token. They are written to the socket
//! from where they are, and no map is made for each request.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers from several places; a later one's word counts over an earlier one's.
#[derive(Clone, Copy)]
pub(super) struct Layers<'a>(pub(super) &'a [Option<&'a HeaderMap>]);

impl<'a> Layers<'a> {
    pub(super) fn contains(self, name: &HeaderName) -> bool {
        let mut layers = self.0.iter().flatten();
        layers.any(|layer| layer.contains_key(name))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        self.0.iter().enumerate().flat_map(move |(place, layer)| {
            let later = Layers(&self.0[place + 1..]);
            let lines = layer.iter().flat_map(|layer| layer.iter());
            lines.filter(move |(name, _)| !later.contains(name))
        })
    }

    /// All of them in one map.
    pub(super) fn merged(self) -> HeaderMap {
        let mut merged = HeaderMap::new();
        for (name, value) in self.iter() {
            merged.append(name.clone(), value.clone());
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut layer = HeaderMap::new();
        for (name, value) in lines {
            layer.append(*name, HeaderValue::from_static(value));
        }
        layer
    }

    #[test]
    fn a_later_place_counts_over_an_earlier_one_and_keeps_all_that_it_says() {
        let (first, second) = (
            layer(&[("a", "1"), ("b", "1")]),
            layer(&[("b", "2"), ("b", "3"), ("c", "2")]),
        );
        let places = [Some(&first), None, Some(&second)];
        let layers = Layers(&places);
        assert_eq!(
            layers.merged(),
            layer(&[("a", "1"), ("b", "2"), ("b", "3"), ("c", "2")])
        );
        assert_eq!(layers.iter().count(), 4);
        assert!(layers.contains(&HeaderName::from_static("c")));
        assert!(!layers.contains(&HeaderName::from_static("d")));
    }
}
