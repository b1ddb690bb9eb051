//! The shape tables: the same definitions once more, as data for precise errors.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::analysis::Analysis;
use crate::events::shape_ident;
use crate::model::{Body, Bounds, Enum, Field, MemberKind, Object, Type, Union};
use crate::structs::own_max_length;

/// A module with one static a definition. Those of shared types are in the module `other`.
pub(crate) fn shapes(analysis: &Analysis<'_>, other: Option<&syn::Path>) -> TokenStream {
    let is_event_union = |name: &str| analysis.unions.iter().any(|union| union.name == name);
    let is_without = |name: &str| is_event_union(name) || analysis.is_shared(name);
    let tables = analysis
        .protocol
        .definitions
        .iter()
        .filter(|(name, _)| !is_without(name))
        .map(|(name, definition)| {
            let ident = shape_ident(name);
            match &definition.body {
                Body::Object(object) => {
                    let table = object_shape(analysis, name, object);
                    quote!(pub(crate) static #ident: ObjectShape = #table;)
                }
                Body::Union(union) => {
                    let table = union_shape(analysis, name, union);
                    quote!(pub(crate) static #ident: UnionShape = #table;)
                }
                Body::Enum(list) => {
                    let table = enum_shape(list);
                    quote!(pub(crate) static #ident: Shape = #table;)
                }
            }
        });
    let shaped = analysis
        .protocol
        .definitions
        .iter()
        .filter(|(name, _)| !is_without(name))
        .map(|(name, definition)| {
            let (ident, table) = (format_ident!("{name}"), shape_ident(name));
            let shape = match &definition.body {
                Body::Object(_) => quote!(&Shape::Object(&shapes::#table)),
                Body::Union(_) => quote!(&Shape::Union(&shapes::#table)),
                Body::Enum(_) => quote!(&shapes::#table),
            };
            quote!(impl Shaped for #ident { const SHAPE: &'static Shape = #shape; })
        });
    let imported = other.map(|module| {
        let used = analysis.shared_and_used();
        let used = used.into_iter().map(shape_ident);
        quote!(pub(crate) use #module::shapes::{#(#used),*};)
    });
    quote! {
        #(#shaped)*

        pub(crate) mod shapes {
            use crate::protocol::{FieldShape, MemberShape, ObjectShape, Shape, UnionShape};
            #imported
            #(#tables)*
        }
    }
}

fn object_shape(analysis: &Analysis<'_>, name: &str, object: &Object) -> TokenStream {
    let fields = object
        .fields
        .iter()
        .filter(|(key, _)| !analysis.is_tag(name, key))
        .map(|(key, field)| {
            let (required, shape) = (field.required, field_shape(analysis, field));
            quote!(FieldShape { name: #key, required: #required, shape: &#shape })
        });
    quote!(ObjectShape { name: #name, fields: &[#(#fields),*] })
}

fn field_shape(analysis: &Analysis<'_>, field: &Field) -> TokenStream {
    let shape = type_shape(analysis, &field.ty);
    if field.nullable {
        quote!(Shape::Nullable(&#shape))
    } else {
        shape
    }
}

fn union_shape(analysis: &Analysis<'_>, name: &str, union: &Union) -> TokenStream {
    let tag = option(union.tag.as_ref());
    let members = union.members.iter().map(|member| match &member.kind {
        MemberKind::Tagged { value, name } => {
            let shape = type_shape(analysis, &Type::Ref(name.clone()));
            quote!(MemberShape::Tagged { value: #value, shape: &#shape })
        }
        MemberKind::Literal(value) => quote!(MemberShape::Literal(#value)),
        MemberKind::Untagged(ty) => {
            let shape = type_shape(analysis, ty);
            quote!(MemberShape::Untagged(&#shape))
        }
    });
    quote!(UnionShape { name: #name, tag: #tag, members: &[#(#members),*] })
}

fn enum_shape(list: &Enum) -> TokenStream {
    let (values, open) = (&list.values, list.open);
    quote!(Shape::Enum { values: &[#(#values),*], open: #open })
}

fn type_shape(analysis: &Analysis<'_>, ty: &Type) -> TokenStream {
    match ty {
        Type::Ref(name) => {
            let ident = shape_ident(name);
            match analysis
                .protocol
                .definitions
                .get(name)
                .map(|definition| &definition.body)
            {
                Some(Body::Object(_)) => quote!(Shape::Object(&#ident)),
                Some(Body::Union(_)) => quote!(Shape::Union(&#ident)),
                // A static itself: all uses are behind a `&`.
                Some(Body::Enum(_)) => quote!(#ident),
                None => quote!(Shape::Any),
            }
        }
        Type::Const(value) => quote!(Shape::Enum { values: &[#value], open: false }),
        Type::Text(text) if text.base64 => quote!(Shape::Audio),
        Type::Text(text) => {
            let max = text.max_length.or_else(|| own_max_length(text));
            let (min, max) = (length(text.min_length), length(max));
            let pattern = option(text.pattern.as_ref());
            quote!(Shape::String { min_length: #min, max_length: #max, pattern: #pattern })
        }
        Type::Integer(Bounds { minimum, maximum }) => {
            let (minimum, maximum) = (option(minimum.as_ref()), option(maximum.as_ref()));
            quote!(Shape::Integer { minimum: #minimum, maximum: #maximum })
        }
        Type::Number(Bounds { minimum, maximum }) => {
            let (minimum, maximum) = (option(minimum.as_ref()), option(maximum.as_ref()));
            quote!(Shape::Number { minimum: #minimum, maximum: #maximum })
        }
        Type::Boolean => quote!(Shape::Boolean),
        Type::Array(array) => {
            let (items, min, max) = (
                type_shape(analysis, &array.items),
                length(array.min_items),
                length(array.max_items),
            );
            quote!(Shape::Array { items: &#items, min_items: #min, max_items: #max })
        }
        Type::Map(values) => {
            let values = type_shape(analysis, values);
            quote!(Shape::Map { values: &#values })
        }
        Type::Any => quote!(Shape::Any),
        Type::AnyObject => quote!(Shape::Map {
            values: &Shape::Any
        }),
    }
}

fn option(value: Option<&impl quote::ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

fn length(value: Option<u64>) -> TokenStream {
    let value = value
        .and_then(|value| usize::try_from(value).ok())
        .map(proc_macro2::Literal::usize_unsuffixed);
    option(value.as_ref())
}
