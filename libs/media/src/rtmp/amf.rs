//! Values of commands, as AMF 0 writes them: as much of it as encoders use.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, BytesMut};

/// Objects within objects deeper than this are nobody's command.
const DEEPEST: u8 = 8;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Bool(bool),
    Text(String),
    Object(BTreeMap<String, Value>),
    List(Vec<Value>),
    Null,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
        Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

/// All values in a row; `None` when the bytes are none.
pub(super) fn read(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        values.push(value(&mut bytes, DEEPEST)?);
    }
    Some(values)
}

fn value(bytes: &mut &[u8], deepest: u8) -> Option<Value> {
    let deeper = deepest.checked_sub(1)?;
    Some(match bytes.try_get_u8().ok()? {
        0 => Value::Number(bytes.try_get_f64().ok()?),
        1 => Value::Bool(bytes.try_get_u8().ok()? != 0),
        2 => {
            let length = bytes.try_get_u16().ok()?.into();
            Value::Text(text(bytes, length)?)
        }
        3 => Value::Object(entries(bytes, deeper)?),
        5 | 6 => Value::Null,
        8 => {
            bytes.try_get_u32().ok()?;
            Value::Object(entries(bytes, deeper)?)
        }
        10 => {
            let count = bytes.try_get_u32().ok()?;
            // A value has a byte at least: the count alone sets nothing aside.
            Value::List((0..count).map(|_| value(bytes, deeper)).collect::<Option<_>>()?)
        }
        11 => {
            let at = bytes.try_get_f64().ok()?;
            bytes.try_get_u16().ok()?;
            Value::Number(at)
        }
        12 => {
            let length = bytes.try_get_u32().ok()? as usize;
            Value::Text(text(bytes, length)?)
        }
        _ => return None,
    })
}

fn entries(bytes: &mut &[u8], deepest: u8) -> Option<BTreeMap<String, Value>> {
    const END: u8 = 9;
    let mut entries = BTreeMap::new();
    loop {
        let length = bytes.try_get_u16().ok()?.into();
        if length == 0 && bytes.first() == Some(&END) {
            bytes.advance(1);
            return Some(entries);
        }
        let name = text(bytes, length)?;
        entries.insert(name, value(bytes, deepest)?);
    }
}

fn text(bytes: &mut &[u8], length: usize) -> Option<String> {
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Values in a row.
pub(super) fn write(values: &[Value]) -> BytesMut {
    let mut out = BytesMut::new();
    values.iter().for_each(|value| put(&mut out, value));
    out
}

fn put(out: &mut BytesMut, value: &Value) {
    match value {
        Value::Number(number) => {
            out.put_u8(0);
            out.put_f64(*number);
        }
        Value::Bool(is) => out.put_slice(&[1, u8::from(*is)]),
        Value::Text(text) => {
            out.put_u8(2);
            put_text(out, text);
        }
        Value::Object(entries) => {
            out.put_u8(3);
            for (name, value) in entries {
                put_text(out, name);
                put(out, value);
            }
            out.put_slice(&[0, 0, 9]);
        }
        Value::List(values) => {
            out.put_u8(10);
            out.put_u32(values.len() as u32);
            values.iter().for_each(|value| put(out, value));
        }
        Value::Null => out.put_u8(5),
    }
}

/// Only our own short texts are written; a longer one would be cut.
fn put_text(out: &mut BytesMut, text: &str) {
    let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    out.put_u16(text.len() as u16);
    out.put_slice(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_comes_back() {
        let values = vec![
            Value::from("connect"),
            Value::Number(1.0),
            Value::object([("app", "live".into()), ("fpad", Value::Bool(false)), ("none", Value::Null)]),
            Value::List(vec![Value::Number(2.5)]),
        ];
        assert_eq!(read(&write(&values)), Some(values));
    }

    #[test]
    fn depth_and_counts_are_not_believed() {
        let deep: Vec<u8> = [3, 0, 1, b'a'].repeat(4000);
        assert_eq!(read(&deep), None);
        assert_eq!(read(&[10, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(read(&[12, 0xff, 0xff, 0xff, 0xff, b'a']), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes);
        }
    }
}
