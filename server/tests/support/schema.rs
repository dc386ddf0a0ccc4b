//! Whether a value is what a schema of the API's description says.

use serde_json::Value;

/// What is wrong with `value`, if something is; references are looked up in `api`. A schema with a word that is not known
/// here is wrong, so that nothing is taken for checked that is not.
pub fn violation(value: &Value, schema: &Value, api: &Value, place: &str) -> Option<String> {
    let rules = schema.as_object()?;
    rules
        .iter()
        .find_map(|(word, rule)| broken(value, (word, rule), api, place))
}

fn broken(value: &Value, (word, rule): (&str, &Value), api: &Value, place: &str) -> Option<String> {
    let all = || rule.as_array().unwrap().iter();
    let check = |schema: &Value| violation(value, schema, api, place);
    let number = || value.as_i64().zip(rule.as_i64());
    let length = || value.as_str().map(|text| text.chars().count() as u64);
    let (size, most) = (value.as_object().map(serde_json::Map::len), rule.as_u64());
    let is_broken = match word {
        "description" | "title" | "example" | "examples" | "pattern" => false,
        "items" => {
            let mut items = value.as_array().into_iter().flatten();
            return items.find_map(|item| violation(item, rule, api, &format!("{place}[]")));
        }
        "$ref" => {
            let target = rule.as_str().unwrap().trim_start_matches('#');
            return check(api.pointer(target).unwrap());
        }
        "allOf" => return all().find_map(check),
        "anyOf" | "oneOf" => all().all(|one| check(one).is_some()),
        "const" => value != rule,
        "enum" => !all().any(|one| one == value),
        "type" => !rule.as_str().map_or_else(
            || all().any(|one| is(value, one.as_str().unwrap())),
            |one| is(value, one),
        ),
        "format" => match rule.as_str().unwrap() {
            "uuid" => value
                .as_str()
                .is_some_and(|text| uuid::Uuid::try_parse(text).is_err()),
            "date-time" => value
                .as_str()
                .is_some_and(|text| text.parse::<jiff::Timestamp>().is_err()),
            _ => false,
        },
        "minimum" => number().is_some_and(|(value, least)| value < least),
        "maximum" => number().is_some_and(|(value, most)| value > most),
        "minLength" => length().zip(most).is_some_and(|(length, least)| length < least),
        "maxLength" => length().zip(most).is_some_and(|(length, most)| length > most),
        "maxItems" => value
            .as_array()
            .zip(most)
            .is_some_and(|(items, most)| items.len() as u64 > most),
        "maxProperties" => size.zip(most).is_some_and(|(size, most)| size as u64 > most),
        "additionalProperties" | "propertyNames" => false,
        "required" => all().any(|name| value.is_object() && value.get(name.as_str().unwrap()).is_none()),
        "properties" => {
            return rule.as_object().unwrap().iter().find_map(|(name, schema)| {
                violation(value.get(name)?, schema, api, &format!("{place}.{name}"))
            });
        }
        other => panic!("{other} is not known to this check"),
    };
    is_broken.then(|| format!("{place}: {value} breaks {word} {rule}"))
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
