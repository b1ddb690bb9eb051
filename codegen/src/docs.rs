//! Doc comments of generated items.

use proc_macro2::TokenStream;
use quote::quote;

/// The doc attribute for a description, or for `otherwise` where nobody wrote one.
pub(crate) fn comment(description: Option<&str>, otherwise: &str) -> TokenStream {
    let text = format!(" {}", description.unwrap_or(otherwise));
    quote!(#[doc = #text])
}
