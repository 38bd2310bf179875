-- wrk -s urls.lua URL -- FILE: sends the requests of FILE in turn; a line is a path, or a path, a tab and an ETag
local requests, sent = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local path, etag = line:match("^([^\t]*)\t?(.*)$")
    local headers = {}
    if etag ~= "" then headers["If-None-Match"] = etag end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  sent = sent % #requests + 1
  return requests[sent]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d, "bytes": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
