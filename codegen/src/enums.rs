//! Lists of strings.
//!
//! Where a server may send the list, or the document leaves it open, a value this version does not
//! know is kept in `Other`: a program must be able to read a server that is newer than it.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::analysis::Analysis;
use crate::docs;
use crate::error::{Error, Result};
use crate::model::{Body, Enum};

/// All enums of the protocol, in its order.
pub(crate) fn enums(analysis: &Analysis<'_>) -> Result<TokenStream> {
    let mut all = TokenStream::new();
    for (name, definition) in &analysis.protocol.definitions {
        if let Body::Enum(list) = &definition.body
            && !analysis.is_shared(name)
        {
            all.extend(enumeration(
                analysis,
                name,
                definition.description.as_deref(),
                list,
            )?);
        }
    }
    Ok(all)
}

/// Whether values outside the list can be held.
pub(crate) fn is_open(analysis: &Analysis<'_>, name: &str, list: &Enum) -> bool {
    list.open || !analysis.is_strict(name)
}

/// The Rust name of a value.
pub(crate) fn variant(value: &str) -> String {
    let name = value.replace(['/', '.', '+'], "_").to_upper_camel_case();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("V{name}")
    } else {
        name
    }
}

fn enumeration(
    analysis: &Analysis<'_>,
    name: &str,
    description: Option<&str>,
    list: &Enum,
) -> Result<TokenStream> {
    let ident = format_ident!("{name}");
    let doc = docs::comment(description, &format!("`{name}` of the protocol."));
    let names: Vec<syn::Ident> = list
        .values
        .iter()
        .map(|value| format_ident!("{}", variant(value)))
        .collect();
    if let Some(double) = names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name))
    {
        return Err(Error::new(
            name,
            format!("two values get the Rust name `{}`", double.1),
        ));
    }
    let values = &list.values;
    let value_docs = values.iter().map(|value| format!(" `{value}`."));
    let declared = quote!(#(#[doc = #value_docs] #names),*);
    Ok(if is_open(analysis, name, list) {
        quote! {
            #doc
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #ident {
                #declared,
                /// A value this version of the schema does not know.
                Other(String),
            }
            open_strings!(#ident { #(#names = #values),* });
        }
    } else {
        quote! {
            #doc
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #ident { #declared }
            closed_strings!(#ident { #(#names = #values),* });
        }
    })
}
