//! One folder of `schema/` to everything that is made of it.

use std::path::Path;

use quote::quote;

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::model::Protocol;
use crate::overlay::Overlay;
use crate::rules::Rules;
use crate::{enums, events, load, shapes, structs, surface, unions, write};

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
    let rules = Rules::read(folder)?;
    let published = load::from_folder(folder)?;
    let observed = Overlay::read(folder)?.apply(&published)?;
    let place = folder.display().to_string();
    let analysis = Analysis::new(&observed, &rules).map_err(|error| error.within(&place))?;
    Ok(Generated {
        rust: rust(&analysis).map_err(|error| error.within(&place))?,
        surface: surface::surface(&analysis),
        published: bundle(&published),
        observed: bundle(&observed),
    })
}

fn bundle(protocol: &Protocol) -> String {
    write::bundle(protocol).to_string()
}

fn rust(analysis: &Analysis<'_>) -> Result<String> {
    let structs = structs::structs(analysis)?;
    let enums = enums::enums(analysis)?;
    let unions = unions::unions(analysis)?;
    let events = events::events(analysis);
    let shapes = shapes::shapes(analysis);
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
            not_null, open_strings, read_tag,
        };

        #events
        #unions
        #structs
        #enums
        #shapes
    })
    .map_err(|error| Error::new("generated source", error.to_string()))?;
    Ok(prettyplease::unparse(&file))
}
