//! The program `mock-realtime`.

mod a_server_is_run_as_a_service;
mod arguments_are_read;
mod scenario_command_line;
mod the_bridge_that_is_tried_is_ended;
mod the_delegate_of_the_readme;
mod the_demo_is_the_same_each_time;
