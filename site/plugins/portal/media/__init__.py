"""Media: Markdown, PDFs, pictures and QR codes, turned into what a page shows."""
