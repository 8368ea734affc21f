# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /app
# Only the product's own dependencies. The install scripts stay off: the image brings its Node, and
# onnxruntime-node's CPU library and bufferutil's prebuilt binary come inside their packages.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY protocol ./protocol
COPY adapters ./adapters
COPY models ./models
COPY src ./src
COPY console/dist ./console/dist
USER node
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node runs as process 1 and handles SIGTERM itself: calls are drained.
ENTRYPOINT ["node", "bin/parley.mjs"]
CMD ["serve", "--config", "/etc/parley/parley.yaml", "--host", "0.0.0.0", "--port", "8787"]
