-- Numbers figures and tables, resolves references to them, and writes callouts, as Quarto does.
-- Runs before --citeproc, so that references are gone when citations are looked up.
local numbers, names = {}, { fig = "Figure", tbl = "Table" }
local counts = { fig = 0, tbl = 0 }
local pdf, word = FORMAT == "typst", FORMAT == "docx"

local function count(id)
  local kind = id:match("^(%a+)%-")
  if names[kind] == nil then return nil end
  counts[kind] = counts[kind] + 1
  numbers[id] = names[kind] .. "\u{a0}" .. counts[kind]
  return numbers[id]
end

local function typst(text) return pandoc.RawBlock("typst", text) end

local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

-- pandoc's typst writer loses alt text, so the figure is written here
local function typst_figure(fig, image, alt)
  local start = "#figure(image(" .. quoted(image.src) .. ", alt: " .. quoted(alt)
  return {
    typst(start .. ", width: 100%), numbering: none, caption: ["),
    pandoc.Plain(fig.caption.long[1].content),
    typst("]) <" .. fig.identifier .. ">"),
  }
end

-- a page holds each figure twice, drawn wide and for a phone; the style shows one of them
local function also_for_phones(image)
  local phone = image:clone()
  phone.src = "phone-" .. image.src
  local folder = pandoc.path.directory(PANDOC_STATE.input_files[1])
  local file = io.open(pandoc.path.join({ folder, phone.src }))
  if file == nil then return nil end
  file:close()
  image.classes:insert("wide")
  phone.classes:insert("phone")
  return { image, phone }
end

local function figure(fig)
  local label = count(fig.identifier)
  if label == nil then return nil end
  local caption = fig.caption.long[1]
  if caption ~= nil then
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
  end
  local image, alt
  fig.content = fig.content:walk({
    Image = function(found)
      image, alt = found, found.attributes["fig-alt"]
      found.attributes.alt, found.attributes["fig-alt"] = alt, nil
      if word then found.caption = { pandoc.Str(alt) } end
      return found
    end,
  })
  if pdf then return typst_figure(fig, image, alt) end
  if not word then fig.content = fig.content:walk({ Image = also_for_phones }) end
  return fig
end

-- Word shares the width of a table out as it is told: by the longest text of each column
local function widths(rows, columns)
  local most, total = {}, 0
  for i = 1, columns do
    most[i] = 12
    for _, row in ipairs(rows) do
      local text = row.cells[i] and pandoc.utils.stringify(row.cells[i].contents) or ""
      most[i] = math.max(most[i], math.min(#text, 34))
    end
    total = total + most[i]
  end
  for i = 1, columns do most[i] = most[i] / total end
  return most
end

-- a table comes as HTML with a look of its own; the series has one look, and other forms want a table
local function as_table(raw)
  if raw.format ~= "html" then return nil end
  local bare = raw.text:gsub("<style>.-</style>", "")
  if FORMAT:match("html") then return pandoc.RawBlock("html", bare) end
  local found
  local page = pandoc.read(bare, "html")
  page:walk({ Table = function(t) found = t end })
  if found == nil then return nil end
  local body = found.bodies[1]
  local rows = pandoc.List(found.head.rows):clone()
  local heads = #rows
  rows:extend(body.head)
  rows:extend(body.body)
  local share = widths(rows, #found.colspecs)
  for i in ipairs(found.colspecs) do
    local cell = body.body[1] and body.body[1].cells[i]
    local right = cell and cell.classes:includes("gt_right")
    local side = right and pandoc.AlignRight or pandoc.AlignLeft
    found.colspecs[i] = { side, word and share[i] or nil }
  end
  for place, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      if place <= heads or cell.classes:includes("gt_group_heading") then
        cell.contents = { pandoc.Plain(pandoc.Strong(pandoc.utils.blocks_to_inlines(cell.contents))) }
      end
      cell.attr, cell.alignment = pandoc.Attr(), pandoc.AlignDefault
    end
    row.attr = pandoc.Attr()
  end
  found.attr, found.head.attr, body.attr = pandoc.Attr(), pandoc.Attr(), pandoc.Attr()
  return found:walk({ Span = function(span) return span.content end })
end

local function div(el)
  local label = count(el.identifier)
  if label ~= nil then
    local caption = table.remove(el.content)
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
    el.content = el.content:walk({ RawBlock = as_table })
    local above = pandoc.Div({ caption }, { class = "caption" })
    if word then above.attributes["custom-style"] = "Table Caption" end -- it stays with its table
    table.insert(el.content, 1, above)
    el.classes:insert("table-block")
    if FORMAT:match("html") then -- a table wider than the window is moved with the keys, too
      el.attributes = { tabindex = "0", role = "region", ["aria-label"] = pandoc.utils.stringify(caption) }
    end
    if pdf then return { typst("#together["), el, typst("]") } end
    return el
  end
  if el.classes:find_if(function(c) return c:match("^callout%-") end) then
    local title = el.attributes.title
    el.attributes.title = nil
    el.classes:insert("callout")
    if title then
      table.insert(el.content, 1, pandoc.Para({ pandoc.Strong({ pandoc.Str(title) }) }))
    end
  end
  for _, box in ipairs({ "answer", "callout" }) do
    if el.classes:includes(box) then
      if pdf then return { typst("#" .. box .. "["), el, typst("]") } end
      if word then el.attributes["custom-style"] = "Block Text" end
    end
  end
  return el
end

local function cite(el)
  local id = el.citations[1].id
  if numbers[id] then
    return pandoc.Link({ pandoc.Str(numbers[id]) }, "#" .. id)
  end
end

-- a number is not parted from its per cent sign, nor the word Figure from its number
local function unbroken(inlines)
  local kept = pandoc.Inlines({})
  for _, one in ipairs(inlines) do
    local before, last = kept[#kept - 1], kept[#kept]
    local percent = one.t == "Str" and one.text:match("^%%")
    if percent and last and last.t == "Space" and before.t == "Str" and before.text:match("%d$") then
      kept:remove()
      kept[#kept] = pandoc.Str(before.text .. "\u{a0}" .. one.text)
    else
      kept:insert(one)
    end
  end
  return kept
end

function Pandoc(doc)
  doc = doc:walk({ Figure = figure, Div = div })
  return doc:walk({ Cite = cite }):walk({ Inlines = unbroken })
end
