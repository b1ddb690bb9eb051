//! Calls: what an app does with them over HTTP and on sideband sockets, and what callers do.
#![cfg(feature = "calls")]

mod app;

mod a_call_is_over_in_the_way_somebody_ended_it;
mod a_call_that_comes_in_is_held_by_an_app;
mod announcements_are_made_again_until_they_are_taken;
#[cfg(feature = "admin")]
mod calls_are_asked_for_over_http;
mod offers_of_webrtc_are_answered;
