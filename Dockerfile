# Pinned by tag. A digest pins it for good: `docker buildx imagetools inspect` shows it, written behind the tag as
# `@sha256:...`; it has to be raised by hand with each security release of the base.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /srv
# the environment holds what is served with, and no pip
RUN python3 -m venv --without-pip /opt/venv
COPY requirements.txt .
RUN python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --require-hashes -r requirements.txt \
    && rm requirements.txt
COPY alembic.ini .
COPY migrations migrations
COPY app app
COPY seed seed
ENV PATH=/opt/venv/bin:$PATH DATABASE_URL=sqlite:////srv/data/nutrients.db
RUN mkdir data && python -m app migrate && python -m seed load \
    && python -m compileall -q -j 0 /opt/venv/lib app seed migrations

FROM ${BASE}
RUN groupadd --gid 10001 nutrients \
    && useradd --uid 10001 --gid nutrients --no-create-home --home-dir /nonexistent nutrients
COPY --from=build /opt/venv /opt/venv
# owned by root: the process cannot change what it serves
COPY --from=build /srv /srv
WORKDIR /srv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////srv/data/nutrients.db \
    HOST=0.0.0.0 \
    PORT=8000 \
    LOG_FORMAT=json
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-m", "app.healthcheck"]
CMD ["python", "-m", "app", "serve"]
