# The same steps as the Makefile's `setup`, in a stage whose tools stay behind.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/srebot && /opt/srebot/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir uv
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy
COPY requirements.lock .
RUN /opt/srebot/bin/uv pip sync --quiet --python /opt/srebot/bin/python --require-hashes requirements.lock
COPY . .
RUN /opt/srebot/bin/uv pip install --quiet --python /opt/srebot/bin/python --no-deps .

FROM python:3.11-slim
LABEL org.opencontainers.image.title="srebot" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/srebot srebot
COPY --from=build /opt/srebot /opt/srebot
ENV PATH=/opt/srebot/bin:$PATH PYTHONUNBUFFERED=1 \
    SREBOT_HOST=0.0.0.0 SREBOT_PORT=8080 SREBOT_DATA_FOLDER=/var/lib/srebot/data
USER srebot
WORKDIR /var/lib/srebot
# The embedded database's data, where DATABASE_URL names no server. Secrets come in as environment variables only.
VOLUME /var/lib/srebot
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"SREBOT_PORT\"]}/healthz', timeout=4)"]
CMD ["srebot", "serve"]
