# The image of synapse-sync: the executable, its default configuration and data, and the libraries it needs.
#
#   podman build --format docker -t localhost/synapse-sync .      (docker build -t synapse-sync .)
#
# How to run it is in config/README.md. It writes nothing, so its file system may be read-only. A secret is best given
# as a file /run/secrets/<name of the setting>, which is where secrets of Podman and Docker appear.

ARG BASE=debian:bookworm-slim
# A base that already has compiler and libraries makes it quicker.
ARG BUILD_BASE=${BASE}

# ---- where it is built; nothing of this stage is shipped but what is installed below /out ----
FROM ${BUILD_BASE} AS build

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      gcc libc6-dev cmake ninja-build pkg-config ca-certificates \
      librabbitmq-dev libcurl4-openssl-dev libjansson-dev libcyaml-dev libyaml-dev libunistring-dev libgumbo-dev libssl-dev libmicrohttpd-dev \
      libseccomp-dev uthash-dev \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr \
 && cmake --build --preset release \
 && DESTDIR=/out cmake --install build/release --strip \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt -t /out/etc/ssl/certs

# ---- what is shipped ----
FROM ${BASE}

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      librabbitmq4 libcurl4 libjansson4 libcyaml1 libyaml-0-2 libunistring2 libgumbo1 libssl3 libmicrohttpd12 \
      libseccomp2 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/cache/ldconfig/aux-cache \
      /var/lib/dpkg/*-old /var/log/*

COPY --from=build /out /

# The version is that of CMakeLists.txt, as a test sees to. Which commit it is, whoever builds it may say.
ARG REVISION=""
LABEL org.opencontainers.image.title="synapse-sync" \
      org.opencontainers.image.description="Keeps a Matrix Synapse homeserver in line with a school platform" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"

# The authorities without the package ca-certificates, which would bring the program openssl.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt

# Here a .env or a config/default.yaml may be mounted; without them /etc/synapse-sync/default.yaml counts.
WORKDIR /etc/synapse-sync
# Files here that are called like a setting hold its secret, as with systemd's credentials.
ENV CREDENTIALS_DIRECTORY=/run/secrets

# A number, so that who runs the image can see that it is not root's.
USER 65532:65532
STOPSIGNAL SIGTERM
# Podman keeps it only where it builds with --format docker. Needs the monitor; where MONITOR__LISTEN is off, run
# with --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["/usr/bin/synapse-sync", "healthcheck"]
ENTRYPOINT ["/usr/bin/synapse-sync"]
