# The image of synapse-sync: the executable, its default configuration and data, and the libraries it needs.
#
#   podman build -t synapse-sync .        (or docker build)
#   podman run --rm --read-only --env-file .env synapse-sync
#
# Nothing is written at run time, so the root file system may be read-only. A secret is best given as a file
# /run/secrets/<name of the setting>, which is where `podman run --secret` puts it.

ARG BASE=debian:bookworm-slim

# ---- where it is built; nothing of this stage is shipped but what is installed below /out ----
FROM ${BASE} AS build

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      gcc libc6-dev cmake ninja-build pkg-config \
      librabbitmq-dev libcurl4-openssl-dev libjansson-dev libcyaml-dev libyaml-dev libunistring-dev libgumbo-dev libssl-dev libmicrohttpd-dev \
      uthash-dev \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr \
 && cmake --build --preset release \
 && DESTDIR=/out cmake --install build/release --strip

# ---- what is shipped ----
FROM ${BASE}

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates librabbitmq4 libcurl4 libjansson4 libcyaml1 libyaml-0-2 libunistring2 libgumbo1 libssl3 libmicrohttpd12 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*

COPY --from=build /out /

# Here a .env or a config/default.yaml may be mounted; without them /etc/synapse-sync/default.yaml counts.
WORKDIR /etc/synapse-sync
# Files here that are called like a setting hold its secret, as with systemd's credentials.
ENV CREDENTIALS_DIRECTORY=/run/secrets

# A number, so that who runs the image can see that it is not root's.
USER 65532:65532
STOPSIGNAL SIGTERM
# Needs the monitor; where MONITOR__LISTEN is off, run with --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["/usr/bin/synapse-sync", "healthcheck"]
ENTRYPOINT ["/usr/bin/synapse-sync"]
