"""Convert Markdown, PDFs and pictures for web pages, and draw QR codes."""
