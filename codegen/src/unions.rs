//! Unions: one Rust enum each, decoded by tag and by JSON type, never by trial.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::analysis::Analysis;
use crate::docs;
use crate::error::{Error, Result};
use crate::model::{Body, Member, MemberKind, Type, Union};
use crate::structs::string_type;

/// All unions of the protocol, in its order.
pub(crate) fn unions(analysis: &Analysis<'_>) -> Result<TokenStream> {
    let mut all = TokenStream::new();
    for (name, definition) in &analysis.protocol.definitions {
        if let Body::Union(union) = &definition.body
            && !analysis.is_shared(name)
        {
            all.extend(emit(
                analysis,
                name,
                definition.description.as_deref(),
                union,
            )?);
        }
    }
    Ok(all)
}

/// A member with the Rust it needs.
struct Part<'a> {
    member: &'a Member,
    variant: syn::Ident,
    /// What the variant holds; nothing for a literal.
    held: Option<TokenStream>,
    boxed: bool,
}

fn emit(
    analysis: &Analysis<'_>,
    name: &str,
    description: Option<&str>,
    union: &Union,
) -> Result<TokenStream> {
    let parts: Vec<Part<'_>> = union
        .members
        .iter()
        .map(|member| part(analysis, member))
        .collect::<Result<_>>()
        .map_err(|error| error.within(name))?;
    let ident = format_ident!("{name}");
    let doc = docs::comment(description, &format!("`{name}` of the protocol."));
    let declared = parts.iter().map(|part| declaration(analysis, part));
    let conversions = parts.iter().filter_map(|part| conversion(&ident, part));
    let serialize = serialize(&ident, union, &parts);
    let deserialize = deserialize(analysis, name, union, &parts)?;
    Ok(quote! {
        #doc
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #ident { #(#declared),* }
        #(#conversions)*
        #serialize
        #deserialize
    })
}

fn part<'a>(analysis: &Analysis<'_>, member: &'a Member) -> Result<Part<'a>> {
    let variant = format_ident!("{}", member.variant);
    let (held, boxed) = match &member.kind {
        MemberKind::Literal(_) => (None, false),
        MemberKind::Untagged(ty) => (Some(rust_type(ty)?), false),
        MemberKind::Tagged { name, .. } => {
            let ident = format_ident!("{name}");
            (Some(quote!(#ident)), analysis.is_boxed(name))
        }
    };
    Ok(Part {
        member,
        variant,
        held,
        boxed,
    })
}

fn rust_type(ty: &Type) -> Result<TokenStream> {
    Ok(match ty {
        Type::Ref(name) => {
            let ident = format_ident!("{name}");
            quote!(#ident)
        }
        Type::Text(text) => {
            let ident = format_ident!("{}", string_type(text).unwrap_or("String"));
            quote!(#ident)
        }
        Type::Integer(bounds) if bounds.minimum.is_some_and(|minimum| minimum >= 0) => quote!(u64),
        Type::Integer(_) => quote!(i64),
        Type::Number(_) => quote!(f64),
        Type::Boolean => quote!(bool),
        Type::Array(array) => {
            let items = rust_type(&array.items)?;
            quote!(Vec<#items>)
        }
        Type::Const(_) | Type::Map(_) | Type::AnyObject | Type::Any => {
            return Err(Error::new("member", format!("a union cannot hold {ty:?}")));
        }
    })
}

fn declaration(analysis: &Analysis<'_>, part: &Part<'_>) -> TokenStream {
    let variant = &part.variant;
    let doc = match &part.member.kind {
        MemberKind::Literal(value) => format!(" `{value}`."),
        MemberKind::Tagged { value, name } => {
            let description = analysis
                .protocol
                .definitions
                .get(name)
                .and_then(|d| d.description.as_deref());
            match description {
                Some(description) => format!(" `{value}`: {description}"),
                None => format!(" `{value}`."),
            }
        }
        MemberKind::Untagged(_) => " Told apart by its JSON type.".to_owned(),
    };
    let held = part.held.as_ref().map(|held| {
        if part.boxed {
            quote!((Box<#held>))
        } else {
            quote!((#held))
        }
    });
    quote!(#[doc = #doc] #variant #held)
}

fn conversion(union: &syn::Ident, part: &Part<'_>) -> Option<TokenStream> {
    let (variant, held) = (&part.variant, part.held.as_ref()?);
    let value = if part.boxed {
        quote!(Box::new(value))
    } else {
        quote!(value)
    };
    Some(quote! {
        impl From<#held> for #union {
            fn from(value: #held) -> Self {
                Self::#variant(#value)
            }
        }
    })
}

fn serialize(ident: &syn::Ident, union: &Union, parts: &[Part<'_>]) -> TokenStream {
    let arms = parts.iter().map(|part| {
        let variant = &part.variant;
        match (&part.member.kind, &union.tag) {
            (MemberKind::Literal(value), _) => quote!(Self::#variant => serializer.serialize_str(#value)),
            (MemberKind::Tagged { value, .. }, Some(tag)) => {
                let inner = if part.boxed { quote!(&**value) } else { quote!(value) };
                quote!(Self::#variant(value) => Tagged { tag: #tag, value: #value, content: #inner }.serialize(serializer))
            }
            _ => quote!(Self::#variant(value) => value.serialize(serializer)),
        }
    });
    quote! {
        impl Serialize for #ident {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { #(#arms),* }
            }
        }
    }
}

fn deserialize(
    analysis: &Analysis<'_>,
    name: &str,
    union: &Union,
    parts: &[Part<'_>],
) -> Result<TokenStream> {
    let ident = format_ident!("{name}");
    let expecting = name;
    let visit_map = visit_map(analysis, name, union, parts)?;
    let visit_str = visit_str(analysis, parts);
    let visit_rest = parts.iter().filter_map(visit_other);
    let only_objects = parts
        .iter()
        .all(|part| matches!(part.member.kind, MemberKind::Tagged { .. }));
    let ask = if only_objects {
        quote!(deserialize_map)
    } else {
        quote!(deserialize_any)
    };
    Ok(quote! {
        impl<'de> Deserialize<'de> for #ident {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> Visitor<'de> for Reader {
                    type Value = #ident;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(#expecting)
                    }
                    #visit_str
                    #(#visit_rest)*
                    #visit_map
                }
                deserializer.#ask(Reader)
            }
        }
    })
}

fn visit_map(
    analysis: &Analysis<'_>,
    name: &str,
    union: &Union,
    parts: &[Part<'_>],
) -> Result<Option<TokenStream>> {
    let ident = format_ident!("{name}");
    if let Some(tag) = &union.tag {
        let tagged = || {
            parts.iter().filter_map(|part| match &part.member.kind {
                MemberKind::Tagged { value, .. } => Some((value, part)),
                _ => None,
            })
        };
        let values: Vec<&String> = tagged().map(|(value, _)| value).collect();
        let arms = tagged().map(|(value, part)| {
            let held = &part.held;
            quote!(#value => #held::deserialize(rest).map(#ident::from))
        });
        return Ok(Some(quote! {
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let (tag, rest) = read_tag(map, #tag, #name)?;
                match &*tag {
                    #(#arms,)*
                    other => Err(de::Error::unknown_variant(other, &[#(#values),*])),
                }
            }
        }));
    }
    let objects: Vec<&Part<'_>> = parts
        .iter()
        .filter(|part| is_object(analysis, &part.member.kind))
        .collect();
    match objects.as_slice() {
        [] => Ok(None),
        [only] => {
            let held = &only.held;
            Ok(Some(quote! {
                fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                    #held::deserialize(MapAccessDeserializer::new(map)).map(#ident::from)
                }
            }))
        }
        _ => Err(Error::new(
            name,
            "several objects without a tag cannot be told apart",
        )),
    }
}

fn is_object(analysis: &Analysis<'_>, kind: &MemberKind) -> bool {
    matches!(kind, MemberKind::Untagged(Type::Ref(name)) if analysis.protocol.object(name).is_some())
}

fn visit_str(analysis: &Analysis<'_>, parts: &[Part<'_>]) -> Option<TokenStream> {
    let literals: Vec<(&String, &syn::Ident)> = parts
        .iter()
        .filter_map(|part| match &part.member.kind {
            MemberKind::Literal(value) => Some((value, &part.variant)),
            _ => None,
        })
        .collect();
    let text = parts.iter().find(|part| match &part.member.kind {
        MemberKind::Untagged(Type::Text(_)) => true,
        MemberKind::Untagged(Type::Ref(name)) => analysis
            .protocol
            .definitions
            .get(name)
            .is_some_and(|d| matches!(d.body, Body::Enum(_))),
        _ => false,
    });
    if literals.is_empty() && text.is_none() {
        return None;
    }
    let arms = literals
        .iter()
        .map(|(value, variant)| quote!(#value => Ok(Self::Value::#variant)));
    let values = literals.iter().map(|(value, _)| value);
    let read = text.map(|part| {
        let held = &part.held;
        quote!(#held::deserialize(StrDeserializer::new(text)).map(Self::Value::from))
    });
    let body = match (read, literals.is_empty()) {
        (Some(read), true) => read,
        (Some(read), false) => quote!(match text { #(#arms,)* _ => #read }),
        (None, _) => quote! {
            match text { #(#arms,)* other => Err(de::Error::unknown_variant(other, &[#(#values),*])) }
        },
    };
    Some(quote! {
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> { #body }
    })
}

fn visit_other(part: &Part<'_>) -> Option<TokenStream> {
    let MemberKind::Untagged(ty) = &part.member.kind else {
        return None;
    };
    let (variant, held) = (&part.variant, &part.held);
    Some(match ty {
        Type::Integer(_) => quote! {
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                #held::deserialize(number.into_deserializer()).map(Self::Value::#variant)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                #held::deserialize(number.into_deserializer()).map(Self::Value::#variant)
            }
        },
        Type::Number(_) => quote! {
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Self::Value::#variant(number))
            }
        },
        Type::Boolean => quote! {
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Self::Value::#variant(value))
            }
        },
        Type::Array(_) => quote! {
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                <#held>::deserialize(SeqAccessDeserializer::new(list)).map(Self::Value::#variant)
            }
        },
        _ => return None,
    })
}
