# One image with all four programs; the steps are those of the scripts. Build: docker build -t localhost/redisha:dev .
FROM debian:12 AS build
WORKDIR /src
COPY scripts/packages.txt scripts/setup scripts/
RUN scripts/setup
COPY . .
RUN scripts/build release redisha redisha_node redisha_sentinel redisha_operator \
 && strip build/release/bin/redisha build/release/bin/redisha-*

FROM debian:12-slim
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      ca-certificates libcpprest2.10 libssl3 libyaml-cpp0.7 libprometheus-cpp-core1.0 \
      libcivetweb1 liblzf1 libisal2 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin redisha
COPY --from=build /src/build/release/bin/redisha /src/build/release/bin/redisha-node \
     /src/build/release/bin/redisha-sentinel /src/build/release/bin/redisha-operator /usr/local/bin/
USER 65532:65532
CMD ["redisha", "--help"]
