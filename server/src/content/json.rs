//! Trees as ProseMirror JSON.
//!
//! The input is measured before it is parsed, so hostile input is refused before it takes memory. Names it does not
//! know are taken as they are; members that no node has are refused. Numbers take the form that JavaScript gives them.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Limits;
use super::error::{ContentError, Fault, Place};
use super::model::{Attrs, Mark, MarkAttrs, Node, canonical_number, mark, node};
use super::schema;
use super::url::safe_url;

/// How deep arrays and objects may nest inside of one attribute.
const MAX_VALUE_DEPTH: usize = 16;

/// How long the name of a type may be, in bytes.
const MAX_NAME_LENGTH: usize = 100;

/// `node` as JSON text.
pub(super) fn render(node: &Node) -> String {
    to_value(node).to_string()
}

/// `node` as a JSON value.
pub fn to_value(node: &Node) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), node.kind.as_str().into());
    if node.is_text() {
        object.insert("text".to_owned(), node.text.as_str().into());
    }
    if !node.attrs.is_empty() {
        object.insert("attrs".to_owned(), attrs_value(&node.attrs));
    }
    if !node.marks.is_empty() {
        object.insert("marks".to_owned(), node.marks.iter().map(mark_value).collect());
    }
    if !node.content.is_empty() || node.kind == node::DOC {
        object.insert("content".to_owned(), node.content.iter().map(to_value).collect());
    }
    Value::Object(object)
}

/// `mark` as a JSON value.
pub(super) fn mark_value(mark: &Mark) -> Value {
    let mut object = Map::new();
    object.insert("type".to_owned(), mark.kind.as_str().into());
    if !mark.attrs.0.is_empty() {
        object.insert("attrs".to_owned(), attrs_value(&mark.attrs.0));
    }
    Value::Object(object)
}

fn attrs_value(attrs: &Attrs) -> Value {
    attrs
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Reads a document.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Node, ContentError> {
    let value = parse_value(text, limits)?;
    let mut reader = Reader {
        limits: *limits,
        place: Place::default(),
    };
    let document = reader.node(value, 1)?.normalised();
    if document.kind != node::DOC {
        return Err(ContentError {
            field: "type".to_owned(),
            fault: Fault::Expected("\"doc\""),
        });
    }
    schema::check(&document)?;
    Ok(document)
}

/// Reads a list of nodes, or one node, that is part of a larger JSON value.
pub(super) fn nodes(value: Value, field: &str, limits: &Limits) -> Result<Vec<Node>, ContentError> {
    let mut reader = Reader {
        limits: *limits,
        place: Place::default(),
    };
    reader.place.member(field);
    let content = match value {
        Value::Object(_) => vec![reader.node(value, 2)?],
        other => reader.content(other, 2)?,
    };
    let document = Node::of(node::DOC, content).normalised();
    schema::check(&document)?;
    Ok(document.content)
}

/// Parses JSON whose depth and number of values are known to be within bounds.
pub(super) fn parse_value(text: &str, limits: &Limits) -> Result<Value, ContentError> {
    measure(text.as_bytes(), limits).map_err(ContentError::whole)?;
    let mut json = serde_json::Deserializer::from_str(text);
    // What it would count has been counted.
    json.disable_recursion_limit();
    Value::deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| {
            ContentError::whole(Fault::Syntax {
                line: error.line(),
                column: error.column(),
            })
        })
}

/// Counts levels and values of JSON text, without a stack and without memory. Text that is not JSON may pass.
fn measure(json: &[u8], limits: &Limits) -> Result<(), Fault> {
    // One level of nodes is an object in an array.
    let max_depth = 2 * limits.max_depth + MAX_VALUE_DEPTH;
    let mut depth = 0_usize;
    let mut values = 1_usize;
    let mut in_string = false;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => drop(bytes.next()),
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => values += 1,
            _ => {}
        }
        if depth > max_depth {
            return Err(Fault::TooDeep(limits.max_depth));
        }
        // Names and values: a member has both.
        if values > 4 * limits.max_parts {
            return Err(Fault::TooMany(limits.max_parts));
        }
    }
    Ok(())
}

struct Reader {
    limits: Limits,
    place: Place,
}

impl Reader {
    /// Runs `read` at the member `name`.
    fn within<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Result<T, ContentError>,
    ) -> Result<T, ContentError> {
        let back = self.place.member(name);
        let result = read(self);
        self.place.leave(back);
        result
    }

    fn refuse<T>(&self, fault: Fault) -> Result<T, ContentError> {
        Err(self.place.error(fault))
    }

    fn node(&mut self, value: Value, depth: usize) -> Result<Node, ContentError> {
        if depth > self.limits.max_depth {
            return self.refuse(Fault::TooDeep(self.limits.max_depth));
        }
        let Value::Object(object) = value else {
            return self.refuse(Fault::Expected("a node object"));
        };
        let mut found = Node::default();
        let mut has_text = false;
        for (name, value) in object {
            self.within(&name, |reader| {
                match name.as_str() {
                    "type" => found.kind = reader.name(value)?,
                    "text" => {
                        found.text = reader.string(value)?;
                        has_text = true;
                    }
                    "attrs" => found.attrs = reader.attrs(value)?,
                    "marks" => found.marks = reader.marks(value)?,
                    "content" => found.content = reader.content(value, depth + 1)?,
                    _ => return reader.refuse(Fault::UnknownMember),
                }
                Ok(())
            })?;
        }
        self.node_is_sound(&found, has_text)?;
        if !found.is_text() {
            // Editors say that a hard break in bold text is bold; the stored document has no place for it.
            found.marks.clear();
        }
        Ok(found)
    }

    fn node_is_sound(&mut self, found: &Node, has_text: bool) -> Result<(), ContentError> {
        if found.kind.is_empty() {
            return self.within("type", |reader| {
                reader.refuse(Fault::Expected("the name of a node type"))
            });
        }
        if found.is_text() != has_text {
            return self.within("text", |reader| {
                reader.refuse(Fault::Expected("on text nodes, and only there"))
            });
        }
        if found.is_text() && !(found.content.is_empty() && found.attrs.is_empty()) {
            return self.refuse(Fault::Expected("text with nothing but marks"));
        }
        if found.kind == node::IMAGE {
            self.address(&found.attrs, "src")?;
        }
        Ok(())
    }

    /// An address that is there has to be harmless.
    fn address(&mut self, attrs: &Attrs, name: &str) -> Result<(), ContentError> {
        let is_harmless = match attrs.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::String(address)) => address.is_empty() || safe_url(address).is_some(),
            Some(_) => false,
        };
        if is_harmless {
            return Ok(());
        }
        let back = self.place.member("attrs");
        let result = self.within(name, |reader| reader.refuse(Fault::UnsafeAddress));
        self.place.leave(back);
        result
    }

    fn list<T>(
        &mut self,
        value: Value,
        mut read: impl FnMut(&mut Self, Value) -> Result<T, ContentError>,
    ) -> Result<Vec<T>, ContentError> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::Array(values) => {
                let mut list = Vec::with_capacity(values.len());
                for (index, value) in values.into_iter().enumerate() {
                    let back = self.place.index(index);
                    list.push(read(self, value)?);
                    self.place.leave(back);
                }
                Ok(list)
            }
            _ => self.refuse(Fault::Expected("an array")),
        }
    }

    fn content(&mut self, value: Value, depth: usize) -> Result<Vec<Node>, ContentError> {
        self.list(value, |reader, value| reader.node(value, depth))
    }

    fn marks(&mut self, value: Value) -> Result<Vec<Mark>, ContentError> {
        self.list(value, Self::mark)
    }

    fn mark(&mut self, value: Value) -> Result<Mark, ContentError> {
        let Value::Object(object) = value else {
            return self.refuse(Fault::Expected("a mark object"));
        };
        let mut found = Mark::new("");
        for (name, value) in object {
            self.within(&name, |reader| {
                match name.as_str() {
                    "type" => found.kind = reader.name(value)?,
                    "attrs" => found.attrs = MarkAttrs(reader.attrs(value)?),
                    _ => return reader.refuse(Fault::UnknownMember),
                }
                Ok(())
            })?;
        }
        if found.kind.is_empty() {
            return self.within("type", |reader| {
                reader.refuse(Fault::Expected("the name of a mark type"))
            });
        }
        if found.kind == mark::LINK {
            self.address(&found.attrs.0, "href")?;
        }
        Ok(found)
    }

    fn string(&self, value: Value) -> Result<String, ContentError> {
        match value {
            Value::String(text) => Ok(text),
            _ => self.refuse(Fault::Expected("a string")),
        }
    }

    /// A name of a type: those are keys of the stored document, so they are short and plain.
    fn name(&self, value: Value) -> Result<String, ContentError> {
        let name = self.string(value)?;
        let is_plain = name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.'));
        if name.is_empty() || name.len() > MAX_NAME_LENGTH || !is_plain {
            return self.refuse(Fault::Expected("a name of letters and digits"));
        }
        Ok(name)
    }

    fn attrs(&mut self, value: Value) -> Result<Attrs, ContentError> {
        match value {
            Value::Null => Ok(Attrs::new()),
            Value::Object(object) => {
                let mut attrs = Attrs::new();
                for (name, value) in object {
                    let value = self.within(&name, |reader| reader.value(value, MAX_VALUE_DEPTH))?;
                    attrs.insert(name, value);
                }
                Ok(attrs)
            }
            _ => self.refuse(Fault::Expected("an object")),
        }
    }

    fn value(&mut self, value: Value, depth: usize) -> Result<Value, ContentError> {
        if depth == 0 {
            return self.refuse(Fault::TooDeep(MAX_VALUE_DEPTH));
        }
        Ok(match value {
            Value::Number(number) => number.as_f64().map_or(Value::Null, canonical_number),
            Value::Array(_) => {
                Value::Array(self.list(value, |reader, value| reader.value(value, depth - 1))?)
            }
            Value::Object(object) => {
                let members = object.into_iter().map(|(name, value)| {
                    let value = self.within(&name, |reader| reader.value(value, depth - 1))?;
                    Ok((name, value))
                });
                Value::Object(members.collect::<Result<_, ContentError>>()?)
            }
            plain => plain,
        })
    }
}
