# docker build -t REGISTRY/surefoot:0.1.0 .
# One file on distroless Node: no shell, no npm, no node_modules. Runs as 65532 on a read-only file system.
FROM docker.io/library/node:24-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node build.ts && npm sbom --sbom-format cyclonedx --omit dev > dist/sbom.cdx.json

FROM gcr.io/distroless/nodejs24-debian13:nonroot
COPY --from=build /src/dist/surefoot.mjs /surefoot.mjs
COPY --from=build /src/dist/sbom.cdx.json /sbom.cdx.json
COPY --from=build /src/LICENSE /LICENSE
USER 65532:65532
# Less memory, 249 -> 140 MiB on 5,000 nodes: one heap of malloc, not one for each thread; what V8 needs to read the
# program (segments of 32 KB, 19 MB of them) goes back to the system; young objects in 4 MB, and answers that wait less
# for the collector; and the extender lets go of what it has read once the fleet is known. Old objects may grow by 60 %
# before they are collected: bodies of questions count, and with the few MB that V8 chooses it collected at each 70th.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=32768
ENTRYPOINT ["/nodejs/bin/node", "--disable-proto=delete", "--max-semi-space-size=4", "--heap-growing-percent=60", "--expose-gc", "/surefoot.mjs"]
