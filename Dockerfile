# One image with all programs; the steps are those of the scripts. Build: docker build -t localhost/redisha:dev .
# Programs that are built already: --build-context build=FOLDER, which has them in out/ (tests/image does that).

FROM docker.io/library/debian:12 AS build
WORKDIR /src
COPY scripts/packages.txt scripts/setup scripts/
RUN scripts/setup
COPY . .
RUN scripts/build release redisha redisha_node redisha_sentinel redisha_operator redisha_entrypoint \
 && mkdir /out && cp build/release/bin/redisha build/release/bin/redisha-* /out/ && strip /out/* \
 && scripts/sbom linked >/out/linked.txt

FROM docker.io/library/debian:12-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="RedisHA" \
      org.opencontainers.image.description="Highly available, Redis-compatible data store for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:12-slim"
COPY scripts/runtime-packages.txt scripts/sbom LICENSE /usr/share/doc/redisha/
RUN apt-get update -qq \
 && sed 's/#.*//' /usr/share/doc/redisha/runtime-packages.txt \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
 && useradd --uid 65532 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin redisha \
 && install -d -o redisha -g redisha -m 700 /data
COPY --from=build /out/ /usr/local/bin/
RUN cd /usr/local/bin && mv linked.txt /tmp/linked.txt \
 && sh /usr/share/doc/redisha/sbom image /tmp/linked.txt "${VERSION}" redisha* >/usr/share/doc/redisha/sbom.spdx.json \
 && rm /tmp/linked.txt /usr/share/doc/redisha/sbom /usr/share/doc/redisha/runtime-packages.txt \
 && ln -s redisha-node redis-server && ln -s redisha-sentinel redis-sentinel
# Nothing but /data is written to: run it with a read-only root. Kubernetes names programs, and asks them over HTTP: no shell is used.
VOLUME /data
WORKDIR /data
USER 65532:65532
ENTRYPOINT ["redisha-entrypoint"]
CMD ["redis-server"]
