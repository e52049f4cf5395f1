# syntax=docker/dockerfile:1

# The program alone, on an image that holds libc, the authorities' certificates and no shell.
#
#   docker build --tag gomark .
#   docker run --rm gomark --help
#
# What it is told comes from the environment: see docs/operations.md.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src

# The dependencies are a layer of their own, which only Cargo.toml and Cargo.lock change: they are
# built for a program that is empty.
COPY Cargo.toml Cargo.lock ./
COPY sdk/Cargo.toml sdk/
RUN mkdir -p src sdk/src benches/baselines tests/crash \
    && touch src/lib.rs sdk/src/lib.rs \
    && for program in src benches/baselines tests/crash; do echo 'fn main() {}' > "$program/main.rs"; done \
    && echo 'fn main() {}' > build.rs \
    && cargo build --locked --profile dist --bin gomark \
    && rm -r src sdk/src build.rs

COPY . .
# Cargo goes by the time of files, and these may be older than the empty ones were.
RUN find src sdk/src build.rs -name '*.rs' -exec touch {} + \
    && cargo build --locked --profile dist --bin gomark \
    && mkdir -p /out/var/lib/gomark \
    && cp target/dist/gomark LICENSE /out/

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="GoMark" \
    org.opencontainers.image.description="Keeps HubSpot deal fields and outreach cadences of many companies as decided" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/LICENSE /usr/share/doc/gomark/LICENSE
COPY --from=build /out/gomark /usr/local/bin/gomark
# Where a SQLite database lives. Nothing else is written: the root may be read-only.
COPY --from=build --chown=65532:65532 /out/var/lib/gomark /var/lib/gomark
VOLUME /var/lib/gomark

ENV DATABASE_URL=sqlite:/var/lib/gomark/gomark.db \
    GOMARK_LISTEN=0.0.0.0:50051 \
    GOMARK_HTTP_LISTEN=0.0.0.0:8080
EXPOSE 50051 8080
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/usr/local/bin/gomark", "health"]
ENTRYPOINT ["/usr/local/bin/gomark"]
CMD ["serve"]
