# The image of every process of the service; which one it is says the command (`up`, `worker NAME`, `prepare`, `models fetch`).
FROM python:3.11.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv /opt/safeconduct
COPY pyproject.toml constraints.txt constraints-cpu.txt README.md LICENSE ./
COPY consent consent
COPY moderation moderation
COPY policies policies
COPY provenance provenance
# constraints-cpu.txt chooses the CPU build of torch; for a GPU leave it out: docker compose build --build-arg CPU=
ARG CPU="-c constraints-cpu.txt"
RUN /opt/safeconduct/bin/pip install --no-cache-dir -c constraints.txt $CPU '.[s3,otlp]'

FROM python:3.11.13-slim-bookworm
COPY --from=build /opt/safeconduct /opt/safeconduct
# New volumes take these folders' owner.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/safeconduct --shell /usr/sbin/nologin safeconduct \
    && install -d -o safeconduct -g safeconduct -m 0750 /var/lib/safeconduct /models
ENV PATH=/opt/safeconduct/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SAFECONDUCT_HOME=/var/lib/safeconduct \
    SAFECONDUCT_MODELS_DIR=/models
USER 10001:10001
WORKDIR /var/lib/safeconduct
ENTRYPOINT ["safeconduct"]
CMD ["up"]
