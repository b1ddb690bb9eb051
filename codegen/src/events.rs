//! What an event union has beyond a plain one: kinds, payload access, handlers and dispatch.

use std::collections::BTreeMap;

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::analysis::{Analysis, Event, EventUnion};
use crate::rules::Direction;

/// What belongs to all unions of events.
pub(crate) fn events(analysis: &Analysis<'_>) -> TokenStream {
    analysis
        .unions
        .iter()
        .map(|union| {
            let kind = kind(analysis, union);
            let event = event(analysis, union);
            let dispatch =
                (union.direction == Direction::Client).then(|| dispatch(analysis, union));
            quote!(#kind #event #dispatch)
        })
        .collect()
}

fn kind(analysis: &Analysis<'_>, union: &EventUnion<'_>) -> TokenStream {
    let name = union.name;
    let ident = format_ident!("{name}Kind");
    let doc = format!(" Which event a [`{name}`] is.");
    let variants: Vec<syn::Ident> = union
        .events
        .iter()
        .map(|event| format_ident!("{}", event.variant))
        .collect();
    let values: Vec<&str> = union.events.iter().map(|event| event.value).collect();
    let docs = values.iter().map(|value| format!(" `{value}`."));
    let shapes = union.events.iter().map(|event| shape_ident(event.payload));
    let checked = union
        .events
        .iter()
        .filter(|event| analysis.is_self_checking(event.payload, union.strict));
    let checked: Vec<syn::Ident> = checked
        .map(|event| format_ident!("{}", event.variant))
        .collect();
    let is_self_checking = if checked.is_empty() {
        quote!(false)
    } else {
        quote!(matches!(self, #(Self::#checked)|*))
    };
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #ident { #(#[doc = #docs] #variants),* }

        impl EventKind for #ident {
            const ALL: &'static [Self] = &[#(Self::#variants),*];

            fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #values),* }
            }

            fn from_type(text: &str) -> Option<Self> {
                match text { #(#values => Some(Self::#variants),)* _ => None }
            }

            fn shape(self) -> &'static ObjectShape {
                match self { #(Self::#variants => &shapes::#shapes),* }
            }

            fn is_self_checking(self) -> bool {
                #is_self_checking
            }
        }

        impl fmt::Display for #ident {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for #ident {
            type Err = UnknownEventType;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_type(text).ok_or_else(|| UnknownEventType::new(text))
            }
        }
    }
}

fn event(analysis: &Analysis<'_>, union: &EventUnion<'_>) -> TokenStream {
    let ident = format_ident!("{}", union.name);
    let kind = format_ident!("{}Kind", union.name);
    let mode = if union.strict {
        quote!(Mode::Strict)
    } else {
        quote!(Mode::Open)
    };
    let tag = union.tag;
    let variants: Vec<syn::Ident> = union
        .events
        .iter()
        .map(|event| format_ident!("{}", event.variant))
        .collect();
    let ids = union.events.iter().map(|event| event_id(analysis, event));
    let payloads = union
        .events
        .iter()
        .map(|event| payload(analysis, union, event));
    quote! {
        impl Event for #ident {
            type Kind = #kind;
            const TAG: &'static str = #tag;
            const MODE: Mode = #mode;

            fn kind(&self) -> Self::Kind {
                match self { #(Self::#variants(_) => #kind::#variants),* }
            }

            fn event_id(&self) -> Option<&EventId> {
                match self { #(#ids),* }
            }
        }

        #(#payloads)*
    }
}

fn event_id(analysis: &Analysis<'_>, event: &Event<'_>) -> TokenStream {
    let variant = format_ident!("{}", event.variant);
    let field = analysis
        .protocol
        .object(event.payload)
        .and_then(|object| object.fields.get("event_id"));
    match field {
        Some(field) if field.required && !field.nullable => {
            quote!(Self::#variant(event) => Some(&event.event_id))
        }
        Some(field) if !field.nullable => quote!(Self::#variant(event) => event.event_id.as_ref()),
        Some(_) => quote!(Self::#variant(event) => event.event_id.value()),
        None => quote!(Self::#variant(_) => None),
    }
}

fn payload(analysis: &Analysis<'_>, union: &EventUnion<'_>, event: &Event<'_>) -> TokenStream {
    let ident = format_ident!("{}", union.name);
    let kind = format_ident!("{}Kind", union.name);
    let (variant, payload) = (
        format_ident!("{}", event.variant),
        format_ident!("{}", event.payload),
    );
    let owned = if analysis.is_boxed(event.payload) {
        quote!(*payload)
    } else {
        quote!(payload)
    };
    quote! {
        impl EventPayload<#ident> for #payload {
            const KIND: #kind = #kind::#variant;

            fn from_event(event: #ident) -> Result<Self, #ident> {
                match event {
                    #ident::#variant(payload) => Ok(#owned),
                    other => Err(other),
                }
            }

            fn of(event: &#ident) -> Option<&Self> {
                match event {
                    #ident::#variant(payload) => Some(payload),
                    _ => None,
                }
            }
        }
    }
}

/// All but the last part of the type.
fn family<'a>(event: &Event<'a>) -> &'a str {
    event
        .value
        .rsplit_once('.')
        .map_or(event.value, |(family, _)| family)
}

/// One trait a family of events, and the function that chooses among their methods.
fn dispatch(analysis: &Analysis<'_>, union: &EventUnion<'_>) -> TokenStream {
    let mut families: BTreeMap<&str, Vec<&Event<'_>>> = BTreeMap::new();
    for event in &union.events {
        families.entry(family(event)).or_default().push(event);
    }
    let ident = format_ident!("{}", union.name);
    let traits = families
        .iter()
        .map(|(family, events)| handler(union, family, events));
    let bounds = families.keys().map(|family| handler_name(union, family));
    let function = format_ident!("dispatch_{}", union.name.to_snake_case());
    let arms = union.events.iter().map(|event| {
        let handler = handler_name(union, family(event));
        let (variant, method) = (format_ident!("{}", event.variant), method(event));
        let payload = if analysis.is_boxed(event.payload) {
            quote!(*event)
        } else {
            quote!(event)
        };
        quote!(#ident::#variant(event) => #handler::#method(handler, #payload))
    });
    let doc = format!(
        " Gives a [`{}`] to the method of `handler` that is for it.",
        union.name
    );
    quote! {
        #(#traits)*

        #[doc = #doc]
        pub fn #function<R, H: #(#bounds<R>)+*>(handler: &mut H, event: #ident) -> R {
            match event { #(#arms),* }
        }
    }
}

fn handler(union: &EventUnion<'_>, family: &str, events: &[&Event<'_>]) -> TokenStream {
    let name = handler_name(union, family);
    let doc = format!(" Handles `{family}.*`: one method an event, none with a default.");
    let methods = events.iter().map(|event| {
        let (method, payload) = (method(event), format_ident!("{}", event.payload));
        let doc = format!(" Handles `{}`.", event.value);
        quote!(#[doc = #doc] fn #method(&mut self, event: #payload) -> R;)
    });
    quote! {
        #[doc = #doc]
        pub trait #name<R> { #(#methods)* }
    }
}

fn handler_name(union: &EventUnion<'_>, family: &str) -> syn::Ident {
    format_ident!("{}{}Handler", union.prefix, family.to_upper_camel_case())
}

fn method(event: &Event<'_>) -> syn::Ident {
    format_ident!("{}", event.value.to_snake_case().replace('.', "_"))
}

/// The name of a definition's shape table.
pub(crate) fn shape_ident(name: &str) -> syn::Ident {
    format_ident!("{}", name.to_shouty_snake_case())
}
