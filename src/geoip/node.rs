//! A record as it is in the file: the few fields that matter, of whatever type they are.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::facts::KEYS;

/// No field that matters lies deeper than `subdivisions[0].names.en`.
const MAX_DEPTH: u8 = 4;

/// A value in a record.
#[derive(Debug)]
pub enum Node<'a> {
    /// A string.
    Text(&'a str),
    /// A number of any type.
    Number(f64),
    /// The fields of a map whose names matter.
    Map(Vec<(&'a str, Node<'a>)>),
    /// Of a list, its first element.
    First(Box<Node<'a>>),
    /// Whatever cannot matter.
    Other,
}

impl<'a> Node<'a> {
    /// The string at a path of map keys.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        match self.at(path)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number at a path of map keys, which may be written as a string.
    pub fn number(&self, path: &[&str]) -> Option<f64> {
        match self.at(path)? {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn at(&self, path: &[&str]) -> Option<&Self> {
        match (self, path) {
            (Self::First(node), _) => node.at(path),
            (_, []) => Some(self),
            (Self::Map(fields), [key, rest @ ..]) => {
                fields.iter().find(|field| field.0 == *key)?.1.at(rest)
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        NodeAt { depth: 0 }.deserialize(deserializer)
    }
}

/// Reads a node; the depth is bounded, for a record may nest as deeply as its writer likes.
struct NodeAt {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for NodeAt {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.depth > MAX_DEPTH {
            return IgnoredAny::deserialize(deserializer).map(|_| Node::Other);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeAt {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value of an MMDB record")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(text))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Node::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Self::Value, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<&'de str>()? {
            if KEYS.binary_search(&key).is_ok() {
                fields.push((key, map.next_value_seed(NodeAt { depth: self.depth + 1 })?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let first = list.next_element_seed(NodeAt { depth: self.depth + 1 })?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.map_or(Node::Other, |first| Node::First(Box::new(first))))
    }
}
