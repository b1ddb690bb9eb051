//! One folder of `schema/` to everything that is made of it.

use std::path::Path;

use quote::{format_ident, quote};

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::model::Protocol;
use crate::overlay::Overlay;
use crate::rules::{Rules, Shares};
use crate::{enums, events, load, shapes, structs, surface, texts, unions, write};

/// What one protocol's folder gives.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The Rust module, formatted.
    pub rust: String,
    /// The text of `*.surface.txt`.
    pub surface: String,
    /// All definitions as published, as one JSON Schema document.
    pub published: String,
    /// The same with what the real server was seen to do.
    pub observed: String,
}

/// Generates the protocol in `folder`: the types are those observed, which include the published.
pub fn generate(folder: &Path) -> Result<Generated> {
    let own = Source::read(folder)?;
    let other = match &own.rules.shares {
        Some(shares) => Some(Source::read(&folder.with_file_name(&shares.protocol))?),
        None => None,
    };
    let mut analysis = own.analysis()?;
    if let Some(other) = &other {
        analysis.share_with(&other.analysis()?);
    }
    let rust = rust(&analysis, own.rules.shares.as_ref());
    Ok(Generated {
        rust: rust.map_err(|error| error.within(&own.place))?,
        surface: surface::surface(&analysis),
        published: bundle(&own.published),
        observed: bundle(&own.observed),
    })
}

/// What lies in a protocol's folder.
struct Source {
    place: String,
    rules: Rules,
    published: Protocol,
    observed: Protocol,
}

impl Source {
    fn read(folder: &Path) -> Result<Self> {
        let published = load::from_folder(folder)?;
        Ok(Self {
            place: folder.display().to_string(),
            rules: Rules::read(folder)?,
            observed: Overlay::read(folder)?.apply(&published)?,
            published,
        })
    }

    fn analysis(&self) -> Result<Analysis<'_>> {
        Analysis::new(&self.observed, &self.rules).map_err(|error| error.within(&self.place))
    }
}

fn bundle(protocol: &Protocol) -> String {
    write::bundle(protocol).to_string()
}

fn rust(analysis: &Analysis<'_>, other: Option<&Shares>) -> Result<String> {
    let other = other.map(|other| syn::parse_str(&format!("crate::{}", other.module)));
    let other: Option<syn::Path> = other
        .transpose()
        .map_err(|error| Error::new("shares.module", error.to_string()))?;
    let shared = other.as_ref().map(|module| {
        let names = analysis.shared().map(|name| format_ident!("{name}"));
        quote!(pub use #module::{#(#names),*};)
    });
    let structs = structs::structs(analysis)?;
    let enums = enums::enums(analysis)?;
    let unions = unions::unions(analysis)?;
    let events = events::events(analysis);
    let texts = texts::readers(analysis);
    let shapes = shapes::shapes(analysis, other.as_ref());
    let file = syn::parse2(quote! {
        use std::collections::BTreeMap;
        use std::fmt;
        use std::str::FromStr;

        use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
        use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
        use serde::{Deserialize, Serialize, Serializer};
        use serde_json::{Map, Value};

        use crate::protocol::{
            Base64Audio, CallId, ConversationId, Event, EventId, EventKind, EventPayload, ItemId, Mode,
            ObjectShape, Patch, ResponseId, SessionId, Shape, Shaped, Tagged, UnknownEventType, closed_strings,
            not_null, object, open_strings, read_tag,
        };

        #shared
        #events
        #unions
        #structs
        #texts
        #enums
        #shapes
    })
    .map_err(|error| Error::new("generated source", error.to_string()))?;
    Ok(prettyplease::unparse(&file))
}
