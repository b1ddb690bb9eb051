//! Structs: typify turns the objects into Rust; this file feeds it what it can take and finishes
//! what it gives. Nothing else here knows typify.
//!
//! It gets flat objects only: unions, enums and the hand-written types are named and replaced, so
//! none of its heuristics for `anyOf` and friends is ever asked. What it cannot say (null is not
//! absent, an empty list is not an absent one) is put right on its syntax tree.

use std::collections::BTreeMap;

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use schemars::schema::{RootSchema, Schema};
use serde_json::{Map, Value, json};
use syn::{Fields, GenericArgument, Item, ItemStruct, PathArguments};
use typify::{TypeSpace, TypeSpaceSettings};

use crate::analysis::Analysis;
use crate::docs;
use crate::error::{Error, Result};
use crate::model::{Body, Field, Object, Type};
use crate::texts;

/// The hand-written types a kind of string stands for.
const STRING_TYPES: &[(&str, &str)] = &[
    ("event-id", "EventId"),
    ("item-id", "ItemId"),
    ("response-id", "ResponseId"),
    ("conversation-id", "ConversationId"),
    ("session-id", "SessionId"),
    ("call-id", "CallId"),
];

const AUDIO_TYPE: &str = "Base64Audio";

/// The hand-written type of a string field, if it has one.
pub(crate) fn string_type(text: &crate::model::Text) -> Option<&'static str> {
    if text.base64 {
        return Some(AUDIO_TYPE);
    }
    let format = text.format.as_deref()?;
    STRING_TYPES
        .iter()
        .find(|(name, _)| *name == format)
        .map(|(_, ty)| *ty)
}

/// The most characters of an event's id, which its type refuses to read more of: published for all
/// client events but one.
pub(crate) const EVENT_ID_LENGTH: u64 = 512;

/// The bound that the hand-written type of a string keeps by itself.
pub(crate) fn own_max_length(text: &crate::model::Text) -> Option<u64> {
    (text.format.as_deref() == Some("event-id")).then_some(EVENT_ID_LENGTH)
}

/// All structs of the protocol, in its order.
pub(crate) fn structs(analysis: &Analysis<'_>) -> Result<TokenStream> {
    let names = analysis.protocol.definitions.keys().map(String::as_str);
    let own = names.filter(|name| !analysis.is_shared(name));
    let made = match typify(analysis, own) {
        Ok(made) => made,
        Err(message) => return Err(blame(analysis, &message)),
    };
    let mut all = TokenStream::new();
    for (name, definition) in &analysis.protocol.definitions {
        let Body::Object(object) = &definition.body else {
            continue;
        };
        if analysis.is_shared(name) {
            continue;
        }
        let made = made
            .get(name.as_str())
            .ok_or_else(|| Error::new(name, "typify made no struct of this name"))?;
        all.extend(finish(
            analysis,
            name,
            definition.description.as_deref(),
            object,
            made,
        )?);
    }
    Ok(all)
}

/// Runs typify over the named definitions; gives its structs by name.
fn typify<'n>(
    analysis: &Analysis<'_>,
    names: impl Iterator<Item = &'n str>,
) -> std::result::Result<BTreeMap<String, ItemStruct>, String> {
    let mut settings = TypeSpaceSettings::default();
    settings.with_map_type("::std::collections::BTreeMap");
    let mut definitions = Map::new();
    let mut replace = |name: &str| {
        settings.with_replacement(name, name, std::iter::empty());
        definitions.insert(name.to_owned(), json!({ "type": "string" }));
    };
    for (_, ty) in STRING_TYPES {
        replace(ty);
    }
    replace(AUDIO_TYPE);
    let wanted: Vec<&str> = names.collect();
    for (name, definition) in &analysis.protocol.definitions {
        if !matches!(definition.body, Body::Object(_)) || !wanted.contains(&name.as_str()) {
            replace(name);
        }
    }
    for (name, definition) in &analysis.protocol.definitions {
        if let (Body::Object(object), true) = (&definition.body, wanted.contains(&name.as_str())) {
            definitions.insert(name.clone(), schema(analysis, name, object));
        }
    }
    let root: RootSchema = serde_json::from_value(json!({ "definitions": definitions }))
        .map_err(|error| error.to_string())?;
    let mut space = TypeSpace::new(&settings);
    space
        .add_ref_types(
            root.definitions
                .into_iter()
                .collect::<Vec<(String, Schema)>>(),
        )
        .map_err(|error| error.to_string())?;
    let file: syn::File = syn::parse2(space.to_stream()).map_err(|error| error.to_string())?;
    let structs = file.items.into_iter().filter_map(|item| match item {
        Item::Struct(item) => Some((item.ident.to_string(), item)),
        _ => None,
    });
    Ok(structs.collect())
}

/// typify does not say which definition it failed at: tries them one at a time.
fn blame(analysis: &Analysis<'_>, message: &str) -> Error {
    let objects = analysis
        .protocol
        .definitions
        .iter()
        .filter(|(_, d)| matches!(d.body, Body::Object(_)));
    for (name, _) in objects {
        if let Err(message) = typify(analysis, std::iter::once(name.as_str())) {
            return Error::new(name, format!("typify: {message}"));
        }
    }
    Error::new("all definitions together", format!("typify: {message}"))
}

/// The object as typify can take it: no nulls, no defaults, no tags, no bounds.
fn schema(analysis: &Analysis<'_>, name: &str, object: &Object) -> Value {
    let fields = || {
        object
            .fields
            .iter()
            .filter(|(key, _)| !analysis.is_tag(name, key))
    };
    let properties: Map<String, Value> = fields()
        .map(|(key, field)| (key.clone(), type_schema(&field.ty)))
        .collect();
    let required: Vec<&String> = fields().map(|(key, _)| key).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn type_schema(ty: &Type) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
    match ty {
        Type::Ref(name) => reference(name),
        Type::Const(_) => json!({ "type": "string" }),
        Type::Text(text) => {
            string_type(text).map_or_else(|| json!({ "type": "string" }), reference)
        }
        Type::Integer(bounds) if bounds.minimum.is_some_and(|minimum| minimum >= 0) => {
            json!({ "type": "integer", "format": "uint64", "minimum": 0 })
        }
        Type::Integer(_) => json!({ "type": "integer", "format": "int64" }),
        Type::Number(_) => json!({ "type": "number" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Array(array) => json!({ "type": "array", "items": type_schema(&array.items) }),
        Type::Map(values) => {
            json!({ "type": "object", "additionalProperties": type_schema(values) })
        }
        Type::AnyObject => json!({ "type": "object" }),
        Type::Any => json!(true),
    }
}

/// The struct as we want it, with what belongs to it.
fn finish(
    analysis: &Analysis<'_>,
    name: &str,
    description: Option<&str>,
    object: &Object,
    made: &ItemStruct,
) -> Result<TokenStream> {
    let ident = &made.ident;
    let made_fields: Vec<&syn::Field> = named_fields(made).collect();
    let strict = analysis.is_strict(name);
    let mut fields = Vec::new();
    // In document order, which is the order on the wire; typify sorts.
    for (key, model) in object
        .fields
        .iter()
        .filter(|(key, _)| !analysis.is_tag(name, key))
    {
        let ident = rust_ident(key);
        let made = made_fields
            .iter()
            .find(|field| field.ident.as_ref() == Some(&ident));
        let made = made.ok_or_else(|| {
            Error::new(format!("{name}.{key}"), "typify made no field of this name")
        })?;
        fields.push(StructField {
            key,
            ident,
            model,
            ty: simplify(&made.ty),
            reader: reader(analysis, model),
        });
    }
    let mut derives = vec![
        quote!(Clone),
        quote!(Debug),
        quote!(PartialEq),
        quote!(Serialize),
        quote!(Deserialize),
    ];
    let needs = fields
        .iter()
        .filter(|field| field.model.required)
        .collect::<Vec<_>>();
    if needs.is_empty() {
        derives.push(quote!(Default));
    }
    let strict = strict.then(|| quote!(#[serde(deny_unknown_fields)]));
    let doc = docs::comment(description, &format!("`{name}` of the protocol."));
    let declared = fields.iter().map(StructField::declaration);
    let constructor = (!needs.is_empty()).then(|| constructor(&fields));
    let defaults = fields.iter().filter_map(StructField::default_constant);
    let defaults: Vec<TokenStream> = defaults.collect();
    let inherent = (constructor.is_some() || !defaults.is_empty())
        .then(|| quote!(impl #ident { #(#defaults)* #constructor }));
    Ok(quote! {
        #doc
        #[derive(#(#derives),*)]
        #strict
        pub struct #ident { #(#declared),* }
        #inherent
    })
}

/// The function that reads a field that has to be there, where its type takes more than the schema.
fn reader(analysis: &Analysis<'_>, field: &Field) -> Option<String> {
    if analysis.is_whole_object(field) {
        return Some("object".to_owned());
    }
    texts::reader(analysis, field)
}

struct StructField<'a> {
    key: &'a str,
    ident: syn::Ident,
    model: &'a Field,
    ty: syn::Type,
    /// The function that reads it, where its type takes more than the schema.
    reader: Option<String>,
}

impl StructField<'_> {
    fn full_type(&self) -> TokenStream {
        let ty = &self.ty;
        match (self.model.required, self.model.nullable) {
            (true, false) => quote!(#ty),
            (false, true) => quote!(Patch<#ty>),
            (true, true) | (false, false) => quote!(Option<#ty>),
        }
    }

    fn declaration(&self) -> TokenStream {
        let (ident, key, ty) = (&self.ident, self.key, self.full_type());
        let doc = docs::comment(
            self.model.description.as_deref(),
            &format!("`{key}` of the protocol."),
        );
        let rename = (rust_field(key) != key).then(|| quote!(#[serde(rename = #key)]));
        let presence = match (self.model.required, self.model.nullable) {
            (true, false) => {
                let reader = self.reader.as_ref();
                reader.map(|reader| quote!(#[serde(deserialize_with = #reader)]))
            }
            // A missing field must stay an error, which serde forgives for `Option` alone.
            (true, true) => Some(quote!(#[serde(deserialize_with = "Option::deserialize")])),
            // serde takes `null` for an absent `Option`.
            (false, false) => Some(quote! {
                #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
            }),
            (false, true) => {
                Some(quote!(#[serde(default, skip_serializing_if = "Patch::is_absent")]))
            }
        };
        quote!(#doc #rename #presence pub #ident: #ty)
    }

    /// What the document says is assumed when the field is absent.
    fn default_constant(&self) -> Option<TokenStream> {
        let name = format_ident!("DEFAULT_{}", rust_field(self.key).to_uppercase());
        let (ty, value) = match (self.model.default.as_ref()?, &self.model.ty) {
            (Value::String(text), _) => (quote!(&'static str), quote!(#text)),
            (Value::Bool(value), _) => (quote!(bool), quote!(#value)),
            (Value::Number(number), Type::Number(_)) => {
                let value = number.as_f64()?;
                (quote!(f64), quote!(#value))
            }
            (Value::Number(number), _) => {
                let value = proc_macro2::Literal::i64_unsuffixed(number.as_i64()?);
                (quote!(i64), quote!(#value))
            }
            _ => return None,
        };
        let doc = format!("What is assumed when `{}` is absent.", self.key);
        Some(quote!(#[doc = #doc] pub const #name: #ty = #value;))
    }
}

fn constructor(fields: &[StructField<'_>]) -> TokenStream {
    let parameters = fields
        .iter()
        .filter(|field| field.model.required)
        .map(|field| {
            let (ident, ty) = (&field.ident, field.full_type());
            quote!(#ident: impl Into<#ty>)
        });
    let values = fields.iter().map(|field| {
        let ident = &field.ident;
        if field.model.required {
            quote!(#ident: #ident.into())
        } else {
            quote!(#ident: Default::default())
        }
    });
    quote! {
        /// One with what is required; everything else is absent.
        pub fn new(#(#parameters),*) -> Self {
            Self { #(#values),* }
        }
    }
}

fn named_fields(item: &ItemStruct) -> impl Iterator<Item = &syn::Field> {
    match &item.fields {
        Fields::Named(fields) => Some(&fields.named),
        _ => None,
    }
    .into_iter()
    .flatten()
}

/// The field's name in Rust: its own in snake case, with an underscore where that is a keyword.
pub(crate) fn rust_field(key: &str) -> String {
    let name = if key.contains(char::is_uppercase) {
        key.to_snake_case()
    } else {
        key.replace(['.', '-'], "_")
    };
    if syn::parse_str::<syn::Ident>(&name).is_ok() {
        name
    } else {
        format!("{name}_")
    }
}

fn rust_ident(key: &str) -> syn::Ident {
    format_ident!("{}", rust_field(key))
}

/// `::std::string::String` reads better as `String`.
fn simplify(ty: &syn::Type) -> syn::Type {
    let mut ty = ty.clone();
    if let syn::Type::Path(path) = &mut ty {
        let known = ["String", "Vec", "Option", "BTreeMap", "Map", "Value"];
        let last = path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        if known.contains(&last.as_str())
            && let Some(mut segment) = path.path.segments.last().cloned()
        {
            if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                for argument in &mut arguments.args {
                    if let GenericArgument::Type(inner) = argument {
                        *inner = simplify(inner);
                    }
                }
            }
            path.path = segment.into();
        }
    }
    ty
}
