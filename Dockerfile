# The image of the chart: Node without a shell or package manager, our build, and what it needs at run time.
#
# Both bases are pinned by the digest of their multi-platform index. The digests were taken over from Dockerfiles that are
# public, where several projects have the same; they were not pulled when this was written. Before a release, and for every
# security fix of the base, renew them: docker buildx imagetools inspect gcr.io/distroless/nodejs24-debian12:nonroot
FROM node:24-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package may run a script of its own while it is installed; what would need one is for development.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json LICENSE ./
COPY scripts/image.mjs scripts/
COPY src src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json && node scripts/image.mjs /image

FROM gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a
LABEL org.opencontainers.image.title=mcp-authz-webhook \
      org.opencontainers.image.source=https://github.com/mcp-authz/mcp-authz-webhook \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /image/ /
ENV NODE_ENV=production
# Young objects get the same room on every machine; by itself V8 takes up to 128 MB where there is much memory. And one
# thread collects and compiles beside the one that answers, not four: on a single core they keep it waiting.
ENV NODE_OPTIONS="--max-semi-space-size=16 --v8-pool-size=1"
# Threads share what glibc has taken, instead of each keeping its own; and the 32 KiB pieces that V8's compilers work with
# go back to the system, instead of leaving holes between what stays.
ENV MALLOC_ARENA_MAX=2
ENV MALLOC_MMAP_THRESHOLD_=32768
WORKDIR /app
# By number: the kubelet cannot tell whether a name is root (runAsNonRoot).
USER 65532:65532
EXPOSE 10250 8081
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["serve"]
