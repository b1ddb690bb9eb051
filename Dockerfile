# syntax=docker/dockerfile:1

# The server as an image of one static binary. Build it with
#   docker build -t mock-realtime .
FROM rust:1.95-alpine AS build
# ring has parts in C; Rust's target for Alpine is static. Alpine keeps no old versions to pin.
# hadolint ignore=DL3018
RUN apk add --no-cache build-base
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package mock-realtime --bin mock-realtime \
    && install -D -m 0755 target/release/mock-realtime /image/usr/bin/mock-realtime \
    && install -d -m 1777 /image/tmp

FROM scratch
LABEL org.opencontainers.image.title="mock-realtime" \
      org.opencontainers.image.description="A mock of the OpenAI Realtime API" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /image /
# Nobody, by number: there is no file of users.
USER 65534:65534
ENV MOCK_REALTIME_HOST=0.0.0.0
EXPOSE 8080
# TERM lets responses finish; see --drain.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=2s CMD ["/usr/bin/mock-realtime", "healthcheck"]
ENTRYPOINT ["/usr/bin/mock-realtime"]
CMD ["serve"]
